"""Whether a text says something, or only holds the place of one that is still to be written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from pytest_readiness.domains.docs import phrases
from pytest_readiness.domains.docs.reading import CELL

_WORD = re.compile(r"\w+")
_SOUGHT = 2000
"""So many characters of a text are looked at: a stub shows at its beginning."""
_FEW_WORDS = 3
"""So many words beside a place to be filled in say what it is for, and nothing of what is in it."""
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that put no blanks between words; two of them are about one word."""
_LABEL = re.compile(
    r"\W{0,20}(?:[\w'’()/.&+-]{1,30}[ \t]{1,9}){0,5}[\w'’()/.&+]{1,30}[ \t]{0,9}"
    r"(?:[:：](?=\s|\Z|[^\x00-\x7f\[])|[-–—=→](?=\s|\Z)|[:：](?=\[))"
)
"""What a place to be filled in is for: "Admin: [Your contact]"."""
_BLANKS = re.compile(
    # The number of a note, a version, an issue or a commit in brackets is none.
    r"\[(?!picture\]|\s*['\"^]|[\d.,:+-][\d\s.,:+-]{0,40}\]|[#!v]?\d[\w.]{0,20}\]|[0-9a-f]{7,40}\]"
    r"|[A-Z][A-Z0-9]{1,9}-\d{1,6}\])[^\[\]]*\]|<[^<>\w]*\w[^<>]*>|\{\{[^{}]*\}\}|_{3,}|\.{4,}|…{2,}"
    r"|\b(?:YYYY|JJJJ|AAAA|yyyy)[-/.](?:MM|mm)[-/.](?:DD|TT|JJ|dd)\b|\b(?:DD|TT|JJ|dd|MM|mm)[-/.](?:MM|mm|DD|dd)[-/.](?:YYYY|JJJJ|AAAA|yyyy)\b"
    r"|(?<!\w)@(?:name|user|username|handle|owner|someone|somebody|team|team-?name|your[\w-]{0,30})(?![\w/-])"
    # Names, addresses and numbers of nobody.
    r"|\b(?i:(?:max|erika) mustermann|first(?: ?name)?(?:,| and| &)? last ?(?:name)?|vorname,? (?:und )?(?:nach)?name"
    r"|nombre (?:y )?apellidos?|nome (?:e )?(?:cognome|sobrenome)|prénom (?:et )?nom|имя (?:и )?фамилия"
    r"|(?:team|company|your|contact) name)\b"
    r"|张三|張三|李四|(?<!\w)[〇○×]{2,}(?!\w)"
    r"|\b(?i:name|user(?:name)?|email|your[\w.-]{0,30}|first\.last|firstname\.lastname|vorname\.nachname)@[\w-]+(?:\.[\w-]+)+"
    r"|(?<!\w)#channel(?![\w-])|\b123[ .-]456[ .-]7890\b|(?<!\w)\+?1?[ .-]?\(?555\)?[ .-](?:\d{3}[ .-])?\d{4}(?!\w)"
    r"|(?<!\w)#(?:(?:your|my|channel|team)-)+(?:channel|team|name|here)\b|\bYOUR[_-][A-Z][A-Z_-]*\b|%[A-Z][A-Z_]{2,}%"
    r"|\b(?:[A-Z]{2,10}-)?X{2,5}\b|\bX(?= ?(?:%|hours?|h|min(?:ute)?s?|days?|seconds?|Stunden|Minuten|Tage)\b)|\bX(?=%)"
    r"|\d\.X(?= ?%)|\bv?[xX]\.[yY]\.[zZ]\b"
)
"""Places to be filled in."""
_LABELS = re.compile(r"\W{0,3}(?:[^\W\d][\w ./'-]{0,30}[:：]\s*+)++")
"""Of a form: "Name: Date: "."""
_ANNOUNCED = re.compile(r"[^.!?:：。]{0,300}[:：]\W*")
"""What says that something follows, which is then a block of its own."""
_BOX = re.compile(r"\s*(?:[-*+]\s+)?(?:\[[ xX]?\]|[☐☑☒✅])\s*")
"""Of a task."""
_TICK = re.compile(
    "[✔✓✅❌✗✘☑☒●×]\ufe0f?"
    "|:(?:white_check_mark|heavy_check_mark|ballot_box_with_check|x|negative_squared_cross_mark|no_entry(?:_sign)?):"
)
"""In a cell: what the first one names is so, or is not."""
_COMMENT_LINE = re.compile(r"\s*(?:#[\s#]|//|--\s|;|/\*)")
_PRINTED = re.compile(r"\A\s*+(?:echo|print|printf|puts)\b[\s(]*+['\"]?")
"""In code, before what is only shown."""
_NUMBER = re.compile(r"\W*\d{1,2}[.)]?[^\w%‰°€$£]*")
"""Of a row or a step; a longer one is a port, a code or the like."""

_MARKER = re.compile(
    r"""\W*+ (?:
        # In Spanish and Portuguese it means "all".
        (?! (?-i:[Tt]odo)\ [^.!?]{0,200}? (?<!\w)(?:el | la | los | las | lo | se | con | una | del | por | está | es
            | é | são | com | da | ao | os | um | uma | dos | das | na | pelo | pela | para | que)(?!\w) )
        (?:to-?do | fixme | wip | xxx+) \b
          # "TODO entries of the queue are replayed" has it as a word of its subject.
          (?!\ (?:items?|entr(?:y|ies)|comments?|lists?|tasks?|labels?|tags?|markers?|boards?|columns?|apps?|limits?
              |commits?|branch(?:es)?|states?|status)\ \w+\ \w) .*
      | to\ do (?:\W*\Z | \ ?[:–—-].*)
      | see\ (?:the\ )? todo .*
      | (?:tbd | tba | tbc | tbw | lorem\ ipsum | t\.\ ?b\.\ ?[dacw]\b) .*
      | w\.\ ?i\.\ ?p | n\.\ ?[na] | k\.\ ?a | n\.?\ ?v\.?\ ?t | s\.\ ?o
      | to\ be\ (?:done | written | decided | defined | determined | added | completed | confirmed | continued
          | announced
          | filled | provided | specified | documented | described | agreed | clarified | discussed | drafted
          | finali[sz]ed | updated | created | named | appointed | nominated) \b .*
      | (?:coming\ soon | work\ in\ progress | under\ (?:construction | development) | stay\ tuned | check\ back\ later
          | watch\ this\ space) \b (?!\ (?:pages?|banners?|modes?|screens?|labels?|signs?|items?|limits?)\b\W*\w) .*
      | (?:[\w']+\ ){1,3} coming\ soon
      | not\ (?:yet\ )?(?:written | documented | defined | decided | available | started | done | specified)
          (?:\ (?:yet | here | so\ far | by | for\ now | at\ the\ moment) \b .{0,40})?
      | draft \ ?[:–—-].*
      | (?:removed | deleted | moved)\ ?[,;:(–—-]\ ?(?:see | in | cf\.?)\ (?:the\ )?
          (?:git | history | archive | wiki)\b .{0,40}
      | (?:[\w']+\ ){0,4} (?:will | to)\ (?:follow | come)
          # The steps that a next release will follow are others.
          (?!\ (?:the | this | that | these | those | our | your | an? | its | his | her | their | up | back)\b)
          (?:\ [\w']+){0,3}
      | (?:[\w']+\ ){0,2} intentionally\ (?:left\ )?(?:blank | empty) \b .*
      | (?:sorry\W+)? (?:(?:this | the)\ )? (?:section | chapter | page | part | document)\ (?:is | was)\ (?:still\ )?
          (?:empty | intentionally | left | missing | under | a\ stub | incomplete | a\ draft | not\ (?:yet\ )?written
          | (?:a\ )?work\ in) \b .*
    ) \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What is written where text is still missing, whatever follows."""
_LONGEST_NOTE = 100
_YET_TO_COME = re.compile(phrases.YET_TO_COME, re.VERBOSE)
_STEP = re.compile(
    r"""\W*+ (?:to\ be\ done | work\ in\ progress\ (?:is | must | can | has)\b)
        (?:[ ,]{1,2}[\w'’./()-]{1,40}){2,12}? [:;] \s
        (?!(?:write | document | describe | add | fill | define | provide | update | complete)\b) (?P<what>.+)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What begins like that, and goes on with what is to be done: "To be done by the DBA on call: restore the backup"."""
_PENDING = re.compile(
    rf"""\W*+ (?:
        (?:[\w']+\ ){{0,4}} (?:(?:still\ )? (?:to\ be | needs?\ to\ be | will\ be))\ (?:written | documented | described
          | defined | decided | determined | confirmed | announced | provided) (?:\ [\w']+){{0,3}}
      | (?:sorry\W+)? (?:(?:this | it | the | more)\ )? (?:(?:{phrases.ENGLISH_TEXTS})\ )? (?:
            (?:will | is\ to | are\ to)\ be
              \ (?:added | updated | completed | available | filled(?:\ in)? | published | expanded | created | here)
              (?:\ (?:here | soon | later | shortly | before | asap | in)\b .{{0,80}})?
          | (?:has | have | needs? | must | should)\ (?:to\ )?be\ (?:added | written | filled(?:\ in)? | expanded)
              (?:\ (?:here | soon | later | shortly | before | asap | by)\b .{{0,80}})?
          | (?:goes | go | comes | come | belongs | to\ go)\ here (?:\ \w+){{0,3}})
      | (?:(?:this | the | more)\ )? (?:{phrases.ENGLISH_TEXTS})\ (?:(?:is | are)\ )? (?:still\ )?
          (?:coming | missing | pending | outstanding) (?:\ \w+){{0,4}}
      | (?:pending | awaiting | waiting\ for)
          \ (?:review | approval | input | feedback | confirmation | (?:a\ )?decision | content) (?:\ \w+){{0,3}}
    ) \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What says that the text is still to come."""
_NOTHING_SAID = re.compile(
    rf"""(?:
      \W*+ (?:
        (?:{phrases.ENGLISH_NOTHING}) (?:\W{{1,3}}(?:{phrases.ENGLISH_NOW})){{0,2}}
      | your\ [\w\ ]{{1,40}} | (?:your | the)\ text\ here | enter\ text
      | (?:(?:we | i)\ (?:have | do\ not\ have | don't\ have) | there\ (?:is | are))\ (?:currently\ | still\ )?
          (?:no | not\ any | any)\ (?:[\w-]+\ ){{0,3}} (?:{phrases.ENGLISH_TEXTS}) (?:\ (?:{phrases.ENGLISH_NOW}))?
      | (?:no | not\ any)\ (?:[\w-]+\ ){{0,3}} [\w-]+\ (?:yet | so\ far)
      | ask\ (?:(?:the | our | your | an? | in | on)\ )? (?:\#?@?[\w.-]+) (?:\ (?:team | channel | lead | engineer))?
      | (?:the\ )? same\ as\ (?:above | before | below)
      | (?:this\ (?:section | page | document)\ (?:is | was | has\ been | has)\ )? (?:been\ )?
          (?:deprecated | obsolete | outdated | removed | deleted | moved | archived | superseded)
          (?:\ (?:to | into | from)\ (?:the\ | our\ | another\ | a\ )? (?:new\ )? [\w-]+)?
      | place-?holder (?:\ (?:{phrases.ENGLISH_TEXTS}))?
      | (?:(?:phone | tel | telephone | fax | mobile)\W{{1,3}})? \+?(?:[0x]{{2,6}} (?:[\ /-][0x]{{2,10}}){{1,8}}
          | \d{{1,3}} (?:[\ /-]x{{2,10}}){{1,8}})
      | ask\ @?[\w.-]+ | @?[\w.-]+\ knows (?:\ \w+){{0,3}}
      | (?:(?:(?:will\ be | is)\ )?(?:tracked | documented | handled | blocked | described)
          \ (?:in | on | by | with | as)\W+) (?:(?:jira | ticket | issue | story)\W+){{0,2}}
          (?-i:[A-Z][A-Z0-9]{{1,9}}-\d{{1,6}})
      | (?:(?:see | jira | ticket | issue | story)\W+){{1,2}} (?-i:[A-Z][A-Z0-9]{{1,9}}-\d{{1,6}})
      | (?:last\ )? (?:updated? | reviewed | changed | modified | edited) (?:\ on | \ by)? \ ?: .{{0,40}}
      | (?:(?:{phrases.STEPS}) \ ?\#?
          (?:[\d.]{{1,6}} | [a-z一二三四五六七八九十] | {phrases.ENGLISH_NUMBERS})\b \W{{0,3}}){{1,20}}
      | (?:first | second | third | fourth | fifth | next | last) (?:\ (?:step | item | point | task | phase))?
      | (?:(?:{phrases.TRIALS}) \W+){{0,400}} (?:{phrases.TRIALS}))
      # Markup and names of templates.
    | \W{{0,20}} (?:
        (?:© | \(c\) | copyright\ (?:© | \(c\) | \d{{4}})) .{{0,80}}
      | <[^<>]*> | \[(?!picture\]|\s*['"^])[^\[\]]*\] | \{{\{{.*\}}\}} | \{{/\*.*\*/\}} | \{{\#.*\#\}} | \{{:.*\}}
      | \{{[a-z][^{{}}":=]*\}}
      | %%.*%%
      | \$\{{?\w+\}}? | \\[a-z]{{3,20}})
    )? \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What says that there is nothing, or only numbers a step, names somebody, or tries out the keyboard."""
_ORDER = re.compile(
    rf"""\W*+ (?:
        (?:insert | describe)\ .*here
      | (?:add | write | enter | put | fill | document | paste | place | list | specify | provide)
          (?:\ [\w']+){{1,6}}\ here
      | (?:\w+\ ){{0,3}} (?:commands? | code | {phrases.ENGLISH_PARTS} | {phrases.ENGLISH_TEXTS})\ here
      | (?:delete | remove | omit)\ (?:(?:this | the)\ (?:section | chapter | line | page | part)\ )?
          if\ (?:it\ is\ )?(?:not\ \w+ | un\w+ | empty)
      | (?:please\ )? fill\ (?:(?:it | this | me)\ )?(?:in | out) (?:\ (?:{phrases.ENGLISH_IT})){{0,5}}
      | (?:\w+\ ){{0,2}} (?:(?:need | needs | have | has | ought)\ to | will | should | must | please)
          \ (?:write | document | describe | fill\ in)\ (?:this | that | it) (?:\ (?:{phrases.ENGLISH_IT})){{0,2}}
      | please\ (?:complete | edit | update | amend | write | describe | document | expand)
          (?:\ (?:{phrases.ENGLISH_IT})){{0,5}}
      | (?:complete | expand | update | write | document)\ (?:this | the)\ (?:section | chapter | part | document)
          (?:\ \w+){{0,4}}
      | (?:add | insert | write | paste | enter)\ (?:(?:the | your | some | any)\ )?
          (?:commands? | {phrases.ENGLISH_PARTS} | {phrases.ENGLISH_TEXTS})
      | click\ (?:or\ tap\ )?here\ to\ (?:enter | add | edit | insert) .{{0,40}}
      | (?:write | fill | document | describe | explain)\ (?:(?:this | it | me | that)\ ?)?
          (?:here | up | down | in | out | later | now)?
      | please\ add | (?:fill | edit | update | write | change)-?\ ?me
      | (?:[\w']+\ ){{1,6}} go(?:es)?\ here
      | needs?\ (?:\w+\ ){{0,2}} (?:writing | work | love | updating | completing | {phrases.ENGLISH_TEXTS})
      | @?[\w.-]+ (?:\ \w+)?\ to\ (?:
            (?:write | fill | document | describe | draft) (?:\ (?:{phrases.ENGLISH_IT})){{0,4}}
          | (?:complete | provide | add | finish | define | confirm | supply) (?:\ (?:{phrases.ENGLISH_IT})){{1,4}})
    ) \W*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What tells somebody to write the text."""


def _folded(text: str) -> str:
    """A text without accents, which are often left out."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(each for each in apart if not unicodedata.combining(each)))


def _any(phrases: Mapping[str, str]) -> str:
    text = "|".join(f"(?:{each})" for each in phrases.values())
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        text = text.replace(umlaut, f"(?:{umlaut}|{letters})")
    return text


_FOREIGN_STUB = re.compile(
    _folded(rf"""\W*+ (?:
        (?:[\w'’]+[ ]){{0,4}} (?:{_any(phrases.UNWRITTEN)}) (?:[ ](?:{phrases.BY_WHOM})\b (?:[ ]\w+){{0,4}})?
        # What is missing or under way may be a host or a port as well, unless it is said of a text.
      | (?:(?:\w{{1,7}}[ ])? (?:{phrases.TEXTS}) [ ] (?:(?:{phrases.IS})[ ])?)? (?:{_any(phrases.NOTHING)})
    ) \W*"""),
    re.VERBOSE | re.IGNORECASE,
)
_FOREIGN_HOLE = re.compile(
    _folded(rf"\W*+ (?:[\w'’]+[ ]){{0,4}} (?:{_any(phrases.UNWRITTEN)}) (?:[ ](?:{phrases.BY_WHOM})\b)? \W*"),
    re.VERBOSE | re.IGNORECASE,
)
_UNSPACED_STUB = re.compile(rf"\W*+\w{{0,8}}\W?(?:{phrases.UNSPACED})(?:です|である|。)?\W*", re.VERBOSE)
_PROMPTS = "|".join(f"(?:{verbs})[ ](?:{objects}|{phrases.QUESTION_WORDS})" for verbs, objects in phrases.PROMPTS)
_PROMPT = re.compile(
    rf"""\W*+ (?:
        # Questions that are there for somebody to answer.
        (?:(?:q | question | frage)\ ?[:.)]\ ?)? (?:{phrases.QUESTION_WORDS})\b [^?？]{{0,300}} [?？]

        # What a template asks its reader to write.
      | (?:{_PROMPTS}) \b .*
      | (?:instructions?|guidance|guidelines?|hint|prompt|author'?s?\ notes?|note\ to\ (?:authors?|the\ author))\ ?:
          \ ?(?:please\ )? (?:list|describe|explain|fill|add|write|use|state|include|provide|specify|outline)\b .*
      | (?:in\ this\ section|use\ this\ section),?
          \ (?:you\ (?:should|can|must|will)|please|describe|explain|list|to\ \w+|we\ (?:will\ )?describe)\b .*
      | in\ diese[mr]\ (?:abschnitt|kapitel|dokument|anleitung)\ (?:wird|werden|ist|sind|steht|beschreib|find)\w*\b .*
      | dieser\ abschnitt\ (?:beschreib|erklär|enthält|behandelt)\w* .*
      | cette\ (?:section|partie)\ (?:décrit|présente|explique|contient)\b .*
      | est[ae]\ (?:sección|seção|apartado|capítulo|documento)\ (?:describe|descreve|explica|contiene|contém)\b .*
      | questa\ (?:sezione|pagina)\ (?:descrive|spiega|contiene)\b .*
      | (?:в\ (?:этом|данном)\ разделе|этот\ раздел)\ (?:описан|описыва|приведен|приведён|будет)\w* .*
      | (?:本[节節章文]|本セクション|この(?:章|節|セクション)では)
          \w{{0,20}}(?:描述|介绍|介紹|说明|說明|説明|記述)\w{{0,20}}[。.]?
      | (?:this|the\ following)\ (?:section|chapter|page|part|paragraph|document|runbook)
          \ (?:(?:should|must|shall|will|needs\ to|is\ to)\ (?:describe|explain|list|contain|cover|document|outline
            |include|provide|answer|be\ (?:filled|completed|written|updated))
            |describes|explains|outlines|lists|details)\b .*
    ) \s*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ITALIC_PROMPT = re.compile(
    r"""\W*+ (?:please\ )? (?:add|insert|list|provide|include|enter|fill|give|document|define|detail|identify|link
        |attach|write|complete|replace\ (?:this|with|the\ (?:text|placeholder))|(?:delete|remove)\ this|example|e\.g\.
        |if\ applicable|state|specify|describe|explain|mention|outline|summari[sz]e) (?!\w) .*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_TO_SOMEBODY = re.compile(
    r"""\b(?:to|in|on|via|at|for)\ (?:the\ |our\ |your\ |a\ )? (?:[#@] | \w{0,20}channels?\b | customers?\b | users?\b
        | support\b | tickets?\b | slack\b | jira\b | teams?\b | form\b | issues?\b | management\b | status\ page\b
        | chat\b | call\b | incident\b | post-?mortem\b | console\b | field\b)
      | [`$#@] | :// | \w\.\w""",
    re.VERBOSE | re.IGNORECASE,
)
"""What is said to others, or with means that are named, is a step, not a prompt to the author."""
_STUBS = (_MARKER, _PENDING, _NOTHING_SAID, _ORDER, _UNSPACED_STUB)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def count_words(text: str) -> int:
    """Return how many words a text has; two letters of Chinese, Japanese or Thai are a word."""
    unspaced = len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + (unspaced + 1) // 2


def is_number(block: str) -> bool:
    """Whether a block is the number of a row or a step."""
    return bool(_NUMBER.fullmatch(block))


def says_something(block: str, *, italic: bool = False, linked: bool = False) -> bool:
    """Whether a block is more than a stub, the label of one ("Steps:"), a prompt or a row with places to fill in.

    Args:
        block: of a section; one that ends with the end of a line is code.
        italic: it is in italics from beginning to end, as the prompts of templates are.
        linked: it links to another place, where more may be written than its words say ("Details").
    """
    if CELL in block:
        cells = [cell for cell in block.split(CELL) if not is_number(cell)]
        numbers = block.count(CELL) + 1 - len(cells)
        if len(cells) < 2:
            return any(map(_is_written, cells))
        first, *others = cells
        # What is in the first column says what the row is for, or is a whole sentence with a column to tick.
        said = any(map(_is_written, others)) or (numbers and not any(others))
        ticked = any(_TICK.fullmatch(each) for each in others) and _is_written(first)
        return bool(said) or ticked or (count_words(first) > _FEW_WORDS and _is_written(first))
    if block.endswith("\n"):
        lines = [line for line in block.split("\n") if line.strip()]
        # Where all lines look like comments, they may be what root types.
        return any(
            # The place of a parameter leaves a command what it is.
            _is_written(_PRINTED.sub("", line), beside=1)
            for line in [line for line in lines if not _COMMENT_LINE.match(line)] or lines
        )
    if linked:
        return bool(_WORD.search(block)) and not _MARKER.fullmatch(block[:_SOUGHT])
    if italic and (_ITALIC_PROMPT.fullmatch(block[:_SOUGHT]) or all(map(_asks, _SENTENCE_END.split(block[:_SOUGHT])))):
        return False
    return not is_number(block) and _is_written(block)


_HOLE_WORDS = (
    r"names?|dates?|phones?|e-?mails?|urls?|links?|contacts?|company|role|version|amount|number|address|time|teams?|domain"
    r"|owner|person|host|description|placeholder|title|value|todo|tbd|tba|fixme|xxx+|your"
    r"|(?:insert|enter|fill|describe|explain)(?= )|to be (?:confirmed|defined|determined|decided|added|completed|filled|done)"  # noqa: E501
)
_HOLE = re.compile(
    rf"\[(?=[^\[\]]{{0,80}}\](?!\())(?:(?:[\w'-]{{1,20}} ){{0,4}}(?:{_HOLE_WORDS})(?: [\w'-]{{1,20}}){{0,4}})\]"
    r"|\+?\d{0,3} ?\(?[xX]{3}\)?[ -][xX]{3}[ -][xX]{4}|(?i:\blorem ipsum dolor\b)|(?<!\w)\?{3,}"
    r"|https?://(?:TODO|TBD|FIXME)\b|@your[\w-]{0,30}\.\w{2,6}\b"
    r"|(?-i:[(\[]\s*(?:TODO|FIXME|TBD)\b\s*[:)\]]|\b(?:is|are|ist|sind|est|es|è)(?: still| noch)? (?:TBD|TBA|TBC|TODO)\b)",  # noqa: E501
    re.IGNORECASE,
)
"""What is surely to be replaced: "[Contact Info]", "[Current Date]"; other texts in brackets are no places."""
_BRACKETS = re.compile(r"\[[^\[\]]{0,500}\]")
_LETTERS = re.compile(r"[^\W\d_][^\W\d_ ,&/.-]*(?:[ ,&/.-]+[^\W\d_]+)*")
"""A place of nothing but words or letters for digits; a sentence may speak of "your name" and of YYYY-MM-DD."""
_PATTERN = re.compile(
    r"X{2}(?::X{2})+|\b(?:formats?|formatted|formatiert|formato|pattern|muster)\b|書式|格式", re.IGNORECASE
)
"""What says how a value is written."""
_LABEL_IN = re.compile(r"[\w /'’-]{1,30}[:：]")
_GUIDE = re.compile(
    rf"\W*(?:enter|paste|type|put|provide|specify|write)\ your\ (?!(?:{phrases.ENGLISH_TEXTS}|{phrases.ENGLISH_PARTS})\b).*"  # noqa: E501
    # In Spanish it means "all", if not before what is to be done.
    r"|\W*(?:ここ|こちら)に\w{0,30}入力.*|\W*(?-i:[Tt]odo)\ (?!(?:add|write|describe|document|fill|fix|update|complete|by|later|por|aquí)\b)\w.*",  # noqa: E501
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""What tells a user what to do, and nobody what is still to be written."""
_ASKED_HERE = re.compile(
    r"(?<!\W)\W*+(?:describe|explain|document|write|insert|list) here\b.*", re.IGNORECASE | re.DOTALL
)
_NOTHING_THERE = (
    r"\W*(?:(?:該当|特に)?なし|[無无]|[暂暫][无無]|不适用|不適用|[省从從]?略|同[上前]|[上下]記(?:を?参照)?)\W*"
)
_NONE = re.compile(rf"\W*(?:n\W?/?a|k\W ?a|s\W ?o|n\W ?v\W ?t)\W*|{_NOTHING_THERE}", re.IGNORECASE)


def hole_in(block: str, code: Iterable[str] = ()) -> str:
    """The first place of a block at which something is still to be written, as it is there; "" for none.

    What says that there is nothing ("None", "n/a") is an answer, and what is marked as code is none.

    Args:
        block: of a section.
        code: what is marked as code within it.
    """
    if block.endswith("\n"):
        return ""
    for marked in sorted(set(code), key=len, reverse=True):
        block = block.replace(marked, "code")
    cells = block.split(CELL)
    for cell in cells:
        text = unicodedata.normalize("NFC", cell[:_SOUGHT]).replace("\u00ad", "")
        text = text[box.end() :] if (box := _BOX.match(text)) else text
        if found := _HOLE.search(text):
            return found[0]
        kept = _BRACKETS.sub(" ", _BRACKETS.sub(" ", text))
        # In a row, the first cell says what the other ones are: "birth_date" or a name in code is no form to fill in.
        shown = _PATTERN.search(block) or (cell is not cells[0] and _is_identifier(cells[0].strip()))
        beside = count_words(_LABEL_IN.sub(" ", _BLANKS.sub(" ", kept)))
        for found in _BLANKS.finditer(kept):
            if not _LETTERS.fullmatch(found[0]) or found[0] == "X" or (found[0].isupper() and found[0].endswith("XX")):
                if not (shown and found[0].strip("X") == ""):
                    return found[0]
            elif beside <= 1 and not shown:
                return found[0]
        for sentence in _SENTENCE_END.split(text):
            label = _LABEL.match(sentence[:100])
            if any(map(_is_hole, (sentence, sentence[label.end() :] if label else ""))):
                return sentence
    return ""


def _is_identifier(text: str) -> bool:
    return text == "code" or ("_" in text and text.isidentifier())


def _is_hole(sentence: str) -> bool:
    if not _WORD.search(sentence) or _NONE.fullmatch(sentence) or _GUIDE.fullmatch(sentence):
        return False
    return any(stub.fullmatch(sentence) for stub in (_MARKER, _PENDING, _ORDER, _ASKED_HERE, _UNSPACED_STUB)) or bool(
        _FOREIGN_HOLE.fullmatch(_folded(sentence))
    )


def shows_ticks(rows: Iterable[str]) -> bool:
    """Whether a table has cells that are ticked, so that empty ones say "no"."""
    cells = {cell.strip() for row in rows for cell in row.split(CELL)[1:]}
    return any(_TICK.fullmatch(cell) or re.fullmatch("[xXoOyY•*]|yes|ja|oui|sí", cell) for cell in cells)


def _is_written(text: str, *, beside: int = _FEW_WORDS + 1) -> bool:
    """Whether a text is no stub; with places to be filled in, by how many words are beside them."""
    # What is not a stub must not take long to be told from one.
    start = unicodedata.normalize("NFC", text[:_SOUGHT]).replace("\u00ad", "")
    start = start[box.end() :] if (box := _BOX.match(start)) else start
    label = _LABEL.match(start[:100])
    if (
        _LABELS.fullmatch(start)
        or _ANNOUNCED.fullmatch(start)
        or _is_stub(start)
        or (label and _is_stub(start[label.end() :]))
    ):
        return False
    left, places = _BLANKS.subn(" ", start)
    if places and count_words(left) < beside:
        return False
    return not all(map(_is_place, _SENTENCE_END.split(start)))


def _asks(sentence: str) -> bool:
    """Whether a sentence in italics asks the author for something."""
    return bool(_ITALIC_PROMPT.fullmatch(sentence)) or _is_prompt(sentence)


def _is_place(sentence: str) -> bool:
    """Whether a sentence only holds the place of another, may be behind what that one is for ("A: TBD")."""
    label = _LABEL.match(sentence[:100])
    return _is_stub(sentence) or _is_prompt(sentence) or bool(label and _is_stub(sentence[label.end() :]))


def _is_stub(text: str) -> bool:
    if (step := _STEP.match(text)) and _is_written(step["what"]):
        return False
    if any(stub.fullmatch(text) for stub in _STUBS) or _FOREIGN_STUB.fullmatch(_folded(text)):
        return True
    return _is_about_its_writing(text)


def _is_about_its_writing(text: str) -> bool:
    """Whether a short text speaks of nothing but who writes it, or when."""
    words = _WORD.findall(text[:_LONGEST_NOTE].lower())
    if len(text) > _LONGEST_NOTE or not words or not phrases.WORDS_OF_WRITING.issuperset(words):
        return False
    return bool(_YET_TO_COME.search(" ".join(words)))


def _is_prompt(text: str) -> bool:
    return bool(_PROMPT.fullmatch(text)) and (text.rstrip().endswith(("?", "？")) or not _TO_SOMEBODY.search(text))
