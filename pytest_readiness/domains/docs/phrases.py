"""What people write, in their languages, where a text is still missing: parts of verbose regular expressions."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH_TEXTS = r"""
    content | text | details? | descriptions? | documentation | docs | info | information | instructions | steps?
    | sections? | procedures? | process(?:es)? | page | runbooks? | plans?
"""
"""Words for a text, or a part of one."""
ENGLISH_PARTS = r"""
    names? | phone(?:\ numbers?)? | e-?mails? | links? | urls? | dates? | address(?:es)? | screenshots? | diagrams?
    | images? | pictures? | contacts? | tables?
"""
"""What else a text is of."""
ENGLISH_NOTHING = r"""
    links? | urls? | (?:intentionally\ )?left\ (?:blank|empty)(?:\ intentionally)? |
    place-?holder | n/?a | not\ applicable | none | nothing | empty | blank | stub | draft | pending | unknown | open
    | missing | undefined | null | nil | text | description | content | details | more | see\ (?:above|below) | names?
    | date | skeleton | unclear | idk | not\ sure | not\ yet | help\ wanted | contributions\ welcome | in\ progress
    | (?:i\ )?(?:don't|don’t|do\ not)\ know | left\ as\ an\ exercise | ¯.*¯ | nothing\ to\ see
    | no\ (?:content|text|data|entry|entries|information|description) | back\ to\ top | table\ of\ contents | toc
    | later | soon | asap | idem | ditto | undocumented | y(?:es)?\ ?/\ ?no? | t\ b\ [dacw]
    | (?:(?:the\ )?rest\ of\ (?:the\ |this\ )?|existing\ |previous\ |remaining\ )
      (?:sections?|documents?|content|text|steps?)
      (?:\ (?:here|unchanged|stays|remains?|as\ (?:is|before)|the\ same))*
"""
"""What is said where there is nothing."""
ENGLISH_NOW = r"""
    yet | here | so\ far | for\ now | at\ (?:the\ moment|this\ time|present) | now | currently | known | identified
    | planned | special | defined | specified | found | available
"""
"""What may follow it."""
ENGLISH_IT = r"""
    this | it | here | in | out | the | up | down | me | all | section | page | part | document | table | template
    | blanks? | steps | details | content | text | below | accordingly | properly | soon | later | asap | yet
    | before\ .{0,40}
"""
"""Words for what somebody is told to write, and for when."""
_WRITING = """
    content contents text texts detail details description descriptions documentation doc docs document
    documents info information instructions step steps section sections procedure procedures process page
    pages runbook runbooks plan plans link links diagram diagrams screenshot screenshots chapter guide input
    add added adding write written writing update updates updating complete completed provide provided fill
    filled documented documenting describe described define defined insert inserted draft drafting drafted
    prepare prepared preparation progress review expand expanded flesh fleshed work working coming come
    comes follow follows a an the this that these it its is are be been being to in of on by for from with
    at and here now later soon shortly asap more some further someone somebody anyone we i us me you our my
    still yet will would should must need needs have has going under way out date up tba tbc tbd missing
    pending waiting awaiting stub placeholder outdated incomplete unfinished next week sprint month quarter
    please team teams ops devops sre sres dba dbas dev devs developer developers engineering operations
    infra platform security management vendor author authors owner
"""
WORDS_OF_WRITING = frozenset(_WRITING.split())
"""Words with which somebody speaks of a text that is still to be written, and of nothing else."""
YET_TO_COME = r"""
    \b(?:later | soon | shortly | asap | tb[acd] | pending | yet | in\ (?:progress | preparation)
      | under\ (?:review | way) | missing | placeholder | stub
      | incomplete | unfinished | out\ of\ date | outdated | coming | waiting | awaiting
      | next\ (?:week | sprint | month | quarter) | to\ be\ (?:added | documented | described | written | filled
        | drafted)
      | needs?\ (?:an?\ | some\ | more\ )?(?:updat(?:e|es|ing) | work | writing | review | input | text
        | content | details)
      )\b
    | \b(?:needs?\ to | should | must | will | has\ to | have\ to)\ (?:still\ )?(?:be\ )?
      (?:document(?:ed)? | describe(?:d)? | write | written | draft(?:ed)? | flesh(?:ed)? | expand(?:ed)?
        | fill(?:ed)?)\b
    | \b(?:someone | somebody | anyone)\ (?:please | should | must | will)\b | \A(?:\w+\ ){1,2}to\ provide\Z
"""
"""What says that it is still to come."""
ENGLISH_NUMBERS = "one | two | three | four | five | six | seven | eight | nine | ten"
UNWRITTEN: Mapping[str, str] = {
    "German": r"""
        (?:(?:wird|werden|muss|müssen)\ |(?:(?:wird|werden|muss|müssen|ist|sind)\ )?(?:noch|später|bald|demnächst
            |in\ kürze)\ (?:nicht\ )?)(?:ergänzt|nachgereicht|nachgetragen|ausgefüllt|hinzugefügt|nachgeliefert
            |geschrieben|verfasst|beschrieben|dokumentiert|definiert|festgelegt|geklärt|bestimmt|eingetragen|ausgearbeitet
            |vorhanden|fertig)(?:\ werden)?
        | (?:noch\ )?(?:auszufüllen|zu\ (?:ergänzen|schreiben|klären|definieren|bestimmen|erledigen
            |dokumentieren|beschreiben))
        | (?:folgt|folgen|fehlt|fehlen|kommt)\ (?:noch|später|bald|demnächst|in\ kürze)
        | noch\ (?:offen|leer|in\ (?:arbeit|bearbeitung)|kein\w*(?:\ (?:text|inhalt|beschreibung|plan|angaben))?)
        | (?:bitte|hier)(?:\ \w+){0,3}\ (?:ausfüllen|ergänzen|eintragen|einfügen|beschreiben|einsetzen
            |dokumentieren)
    """,
    "French": r"""
        rédaction\ en\ cours
        | à\ (?:compléter|rédiger|venir|définir|faire|remplir|préciser|déterminer|documenter|écrire|décrire
            |confirmer)
        | (?:sera|seront|doit\ être|reste\ à)\ (?:complété|rédigé|ajouté|défini|précisé|documenté|rempli|écri)\w*
        | (?:bientôt|prochainement)(?:\ disponible)? | en\ (?:cours\ de\ (?:rédaction|préparation)|construction)
        | (?:décrire|décrivez|expliquer|expliquez|insérer|insérez|ajouter|ajoutez)\ ici
    """,
    "Spanish": r"""
        por\ (?:completar|definir|hacer|escribir|redactar|rellenar|determinar|confirmar|documentar|añadir
            |describir)
        | (?:se|será|serán)\ (?:completará|definirá|añadirá|agregará|completado|añadido|definido)\w*
        | (?:pendiente|pendientes)\ de\ (?:completar|definir|redactar|escribir|confirmar) | próximamente
        | en\ (?:construcción|preparación)
        | (?:describir|describa|describe|explicar|explique|insertar|inserte|añadir|agregar)\ aquí
    """,
    "Portuguese": r"""
        (?:a|por)\ (?:definir|completar|preencher|fazer|escrever|confirmar|determinar|documentar|descrever)
        | (?:será|serão)\ (?:adicionad|completad|definid|preenchid|escrit|documentad)\w+
        | a\ ser\ (?:adicionad|completad|definid|preenchid|escrit|documentad)\w+
        | em\ (?:breve|construção|elaboração) | (?:descreva|descrever|inserir|insira|preencher|preencha)\ aqui
    """,
    "Italian": r"""
        da\ (?:completare|definire|fare|scrivere|compilare|determinare|confermare|documentare|aggiungere
            |descrivere|redigere)
        | (?:sarà|verrà|saranno|verranno)\ (?:completat|aggiunt|definit|compilat|scritt|documentat)\w+
        | prossimamente | presto\ disponibile | in\ (?:arrivo|costruzione|lavorazione|preparazione|fase\ di\ stesura)
        | (?:descrivere|descrivi|inserire|inserisci|spiegare)\ qui
    """,
    "Dutch": r"""
        (?:nog\ )?(?:in|aan)\ te\ vullen
        | (?:nog\ )?te\ (?:bepalen|schrijven|doen|definiëren|beschrijven|bevestigen)
        | (?:volgt|volgen|ontbreekt|komt)\ (?:nog|later|binnenkort) | binnenkort
        | wordt\ (?:nog\ |later\ )?(?:aangevuld|ingevuld|toegevoegd)
        | nog\ (?:niet\ (?:ingevuld|beschreven|geschreven|bekend|beschikbaar)|leeg|open|geen(?:\ (?:tekst
            |inhoud))?) | (?:beschrijf|vul)\ hier(?:\ in)?
    """,
    "Polish": r"""
        do\ (?:uzupełnienia|ustalenia|zrobienia|napisania|określenia|opisania|wypełnienia) | uzupełnić
        | wypełnić | wkrótce | w\ (?:trakcie\ (?:tworzenia|opracowania)|przygotowaniu|budowie|opracowaniu)
        | (?:zostanie|będzie)\ (?:uzupełni|doda|opisa|określ)\w+ | (?:opisz|wpisz)\ tutaj
    """,
    "Czech and Slovak": r"""
        doplnit | doplniť | vyplnit | vyplniť | bude\ (?:doplněn|doplnen|přidán|pridan)\w* | připravuje\ se
        | pripravuje\ sa | již\ brzy | (?:k|na)\ (?:doplnění|doplnenie|dopracování) | zatím\ (?:prázdné|nic)
        | bude\ upřesněno
    """,
    "Russian and Ukrainian": r"""
        (?:будет|будут|буде)\ (?:дополнен|добавлен|заполнен|описан|написан|уточнен|уточнён|доповнен|додан
            |заповнен)\w* | (?:будет|появится|буде)\ (?:позже|позднее|скоро|пізніше)
        | с?коро\ будет | уточняется | уточнюється | заполнить | дополнить | дописать
        | заповнити | доповнити | (?:нужно|надо|необходимо|требуется)\ (?:за|до|на|о)писать
        | (?:нужно|надо|необходимо|требуется)\ (?:заполнить|дополнить) | незабаром
        | (?:опишите|опишіть)\ (?:здесь|тут) | (?:здесь|тут)\ будет(?:\ \w+){0,3}
    """,
    "Swedish, Danish, Norwegian": r"""
        kommer\ (?:snart|senare|senere|inom\ kort) | att\ (?:göra|fylla\ i) | ifylles | udfyldes | fylles\ ut
        | fylls\ i(?:\ senare)? | under\ (?:arbete|arbejde|arbeid|konstruktion|udarbejdelse|utarbeidelse)
        | skal\ (?:udfyldes|utfylles|skrives|fylles\ ut) | ska\ (?:fyllas\ i|skrivas)
    """,
    "Finnish": r"""
        tulossa | täydennetään(?:\ myöhemmin)? | täydennettävä | kesken | työn\ alla | kirjoitetaan\ myöhemmin
    """,
    "Turkish": r"""
        yapılacak | eklenecek | yakında | doldurulacak | hazırlanıyor | yazılacak | tamamlanacak | belirlenecek
        | yapım\ aşamasında
    """,
    "Hungarian": r"hamarosan | kitöltendő | kidolgozás\ alatt | folyamatban | később\ \w+ | pótolandó",
    "Romanian": r"""
        (?:urmează|de)\ (?:a\ fi\ )?(?:completat|definit|stabilit|adăugat|scris)\w*
        | în\ (?:curând|curs|lucru|construcție)
    """,
    "Greek": r"σύντομα | προς\ συμπλήρωση | θα\ συμπληρωθεί | εκκρεμεί | υπό\ κατασκευή | σε\ εξέλιξη",
    "Indonesian": r"""
        segera\ hadir | akan\ (?:ditambahkan|dilengkapi|diisi|datang) | belum\ (?:ada|tersedia|diisi)
        | dalam\ (?:proses|pengerjaan)
    """,
    "Vietnamese": r"""
        sẽ\ (?:cập\ nhật|bổ\ sung) | đang\ (?:cập\ nhật|xây\ dựng|soạn) | chưa\ (?:có|xác\ định|hoàn\ thành)
        | sắp\ (?:ra\ mắt|có)
    """,
    "Arabic": r"""
        قريبا | قريباً | للتعبئة | سيتم\ (?:إضافته|إضافتها|تحديده|تحديدها|استكماله) | قيد\ (?:الإنشاء|الإعداد|التطوير)
        | لاحقا | لاحقاً
    """,
    "Hindi": r"जल्द(?:\ ही)?\ (?:आ\ रहा\ है|उपलब्ध\ होगा|आएगा) | (?:बाद\ में|अभी)\ (?:जोड़ा|लिखा|भरा)\ जाएगा",
    "Persian": r"به\ ?زودی | بزودی | در\ دست\ (?:تهیه|ساخت) | بعدا\ \w+",
    "Hebrew": r"בקרוב | יושלם | יתווסף | בבנייה | להשלמה | בזמן\ הקרוב | טרם\ נכתב | להשלים",
    "Korean": r"""
        (?:추후|나중에)(?:\ \w+){0,2}
        | (?:작성|추가|업데이트|보완|기재)\ ?(?:예정|중|필요)(?:입니다)? | 준비\ ?중(?:입니다)?
        | 미정 | 미작성 | 공사\ ?중 | (?:여기에|내용을)(?:\ \w+){0,2}\ (?:작성|입력|추가)(?:하세요|해\ ?주세요)?
    """,
}
"""What is said of a text that is still to be written; up to four words may be before it ("Text folgt später")."""

NOTHING: Mapping[str, str] = {
    "German": r"""
        folgt | folgen | fehlt | in\ kürze | siehe\ (?:oben|unten) | offen | kommt
        | in\ (?:arbeit|bearbeitung|vorbereitung|planung) | im\ aufbau
        | kein(?:e|er|es|en)?(?:\ (?:angaben?|inhalte?|text|beschreibung))? | nichts | entfällt | leer
        | ausstehend | dito | nicht\ (?:zutreffend|vorhanden|relevant|definiert) | platzhalter | unbekannt | entwurf
    """,
    "French": r"""
        voir\ (?:ci-dessous|ci-dessus|plus\ (?:bas|haut))
        | en\ (?:cours|attente|préparation) | manquante? | aucune? | néant | rien | sans\ objet | vide
        | non\ (?:applicable|défini|renseigné|documenté|rédigé|disponible)\w* | inconnu | brouillon
    """,
    "Spanish": r"""
        ver\ (?:abajo|arriba|más\ (?:abajo|arriba))
        | pendientes?(?:\ de\ \w+)? | en\ (?:curso|proceso|desarrollo) | falta | ningun[oa] | nada
        | no\ (?:aplica|procede|aplicable|disponible) | vacío | sin\ (?:definir|contenido|rellenar|información)
        | desconocido | borrador
    """,
    "Portuguese": r"""
        ver\ (?:abaixo|acima) | pendentes?(?:\ de\ \w+)? | em\ (?:andamento|desenvolvimento) | falta | nenhuma? | nada
        | não\ (?:aplicável|se\ aplica|disponível|definido) | vazio | sem\ conteúdo | desconhecido | rascunho
    """,
    "Italian": r"""
        vedi\ (?:sopra|sotto) | in\ (?:corso|attesa|sospeso) | manca | nessun[oa]? | niente | nulla
        | non\ (?:applicabile|disponibile|definito|previsto) | vuoto | sconosciuto | bozza
    """,
    "Dutch": r"""
        zie\ (?:boven|onder|hierboven|hieronder)
        | volgt | ontbreekt | in\ (?:bewerking|opbouw|ontwikkeling) | geen | niets
        | niet\ (?:van\ toepassing|beschikbaar|ingevuld) | leeg | onbekend | concept
    """,
    "Polish": r"w\ (?:trakcie|toku) | brak | nie\ dotyczy | puste | nieznane | szkic",
    "Czech and Slovak": r"žádn[ýáé] | není | prázdné | neuplatňuje\ se | koncept",
    "Russian and Ukrainian": r"""
        см\.\ (?:выше|ниже) | скоро | [ву]\ (?:разработке|процессе|работе|розробці) | нет | немає | ничего
        | отсутствует | пусто
        | не\ (?:применимо|определено|указано|заполнено|застосовується) | черновик | заглушка
    """,
    "Swedish, Danish, Norwegian": r"""
        ingen | inget | ikke\ relevant | ej\ (?:aktuellt|relevant) | tomt | saknas | mangler | utkast
    """,
    "Finnish": r"ei\ (?:ole|mitään|sovellu|tiedossa) | tyhjä | puuttuu | luonnos",
    "Turkish": r"yok | hiçbiri | boş | belirsiz | taslak | uygulanamaz",
    "Hungarian": r"később | nincs | semmi | üres | nem\ alkalmazható | ismeretlen",
    "Romanian": r"niciun[ua] | nimic | nu\ se\ aplică | gol | necunoscut",
    "Greek": r"κανένα[ςν]? | τίποτα | δεν\ ισχύει | κενό",
    "Indonesian": r"tidak\ (?:ada|berlaku) | kosong | belum | segera | menyusul",
    "Hindi": r"जल्द(?:\ ही)? | बाद\ में",
    "Vietnamese": r"không\ (?:có|áp\ dụng) | trống",
    "Arabic": r"لا\ (?:يوجد|ينطبق|شيء) | فارغ | غير\ (?:محدد|متوفر|متاح)",
    "Hebrew": r"אין | לא\ (?:רלוונטי|ידוע|קיים) | ריק",
    "Korean": r"없음 | 해당\ ?없음 | 비어\ ?있음 | 초안",
}
"""What is said where there is nothing, or something is under way: of a text, or without saying of what."""

TEXTS = r"""
    text | inhalt | beschreibung | dokumentation | doku | anleitung | details | informationen | infos
    | abschnitt | kapitel | texte | contenu | description | documentation | procédure | détails | section
    | contenido | descripción | documentación | procedimiento | detalles | sección | texto | conteúdo
    | descrição | documentação | procedimento | detalhes | seção | secção | testo | contenuto | descrizione
    | documentazione | procedura | dettagli | sezione | tekst | inhoud | beschrijving | documentatie | opis
    | treść | dokumentacja | sekcja | описание | раздел | текст | инструкция | документация | опис | розділ
"""
"""Words for a text, or a part of one."""
IS = r"ist | sind | est | está | è | is | jest"
BY_WHOM = r"""
    von | vom | durch | mit | bis | par | avec | avant | plus[ ]tard | por | con | antes | más[ ]tarde | pel[oa]
    | mais[ ]tarde | da | dal | dalla | a[ ]cura | più[ ]tardi | door | met | later | przez | później | позже
    | позднее | пізніше | av | af | senere | senare
"""
"""What begins by whom, or until when, a text is to be written."""
QUESTION_WORDS = r"""
    how | what | who | whom | whose | when | where | which | why | wie
    | was\ (?:ist|sind|muss|müssen|soll|sollen|tun|passiert|wird) | wer | wen | wem | wann | wo | warum | wieso
    | welche[rsnm]? | womit | wodurch | comment | qui | quand | quell?e?s? | où | pourquoi | combien | que
    | cómo | qué | quién | quiénes | cuándo | dónde | cuáles? | por\ qué | como | quem | quando | onde | quais
    | qual | come | chi | cosa | quale | quali | perché | dove | hoe | wat | wanneer | waar | welke?
    | waarom | jak | co | kto | kiedy | gdzie | dlaczego | как | что | кто | когда | где | почему | какие
    | какой
"""
"""What questions begin with that yes and no do not answer."""
PROMPTS: tuple[tuple[str, str], ...] = (
    (
        r"""
        (?:please\ )?(?:briefly\ )?(?:describe|explain|outline|summari[sz]e|specify|elaborate(?:\ on)?|document|detail
            |discuss|clarify|define|list|state|include|mention|cover|indicate|write\ down)
        """,
        r"here|below|in\ this\ section|in\ detail|briefly|whether|if",
    ),
    (
        r"(?:please\ )?(?:briefly\ )?(?:describe|explain|outline|summari[sz]e|elaborate(?:\ on)?)",
        "the|your|this|any|all|each|every|an?|its|our",
    ),
    (
        r"""
        (?:bitte\ )?(?:beschreib(?:en|e|t)|erklär(?:en|e)|erläuter[en]{1,2}|schilder[en]{1,2}
            |dokumentier(?:en|e))(?:\ sie)?
        """,
        r"""
        hier|kurz|bitte|den\ (?:ablauf|prozess)|die\ (?:schritte|vorgehensweise)|das\ (?:vorgehen|verfahren)
        """,
    ),
    (
        "décri(?:re|vez|s)|expli(?:quez|quer|que)|précise[rz]|indique[rz]|documente[rz]",
        r"ici|brièvement|la\ procédure|les\ étapes|le\ processus",
    ),
    (
        "describ(?:a|ir|e)|expli(?:que|car|ca)|indique|indicar|detall(?:e|ar)|documentar",
        r"aquí|brevemente|el\ (?:procedimiento|proceso)|los\ pasos",
    ),
    (
        "descrev(?:a|er)|expli(?:que|car)|indique|detalh(?:e|ar)",
        r"aqui|brevemente|o\ (?:procedimento|processo)|os\ passos",
    ),
    (
        "descriv(?:ere|i|a)|spieg(?:are|a|hi)|indic(?:are|a|hi)",
        r"qui|brevemente|la\ procedura|i\ passi|il\ processo",
    ),
    (r"beschrijf|leg\ uit|omschrijf", r"hier|kort|de\ (?:procedure|stappen)|het\ proces"),
    ("opisz|opisać|wyjaśnij", "tutaj|krótko|procedurę|kroki"),
    ("опишите|описать|объясните|укажите", "здесь|кратко|процедуру|шаги|порядок|процесс"),
)
"""Verbs that tell somebody to write, each with what shows, beside a question, that a text is meant."""
UNSPACED = r"""
    待(?:补充|補充|完善|编写|編寫|撰写|撰寫|确定|確定|定|办|辦|续|更新|填写|填寫|添加)
    | (?:稍后|稍後|后续|後續|以后|之後|之后)\w{0,2}(?:补充|補充|更新|完善|添加)
    | 敬请期待 | 敬請期待 | (?:建设|建設|施工|编写|編寫|更新|完善|整理|撰写)中 | [暂暫][无無缺]\w{0,4}
    | 未完成 | 尚未\w{0,4} | 即将(?:推出|上线) | 草稿 | 不适用 | 不適用 | [无無]
    | (?:请|請)?(?:在此|在這裡|在这里)(?:处)?(?:填写|填寫|描述|输入|輸入|说明|補充|补充)\w{0,6}
    | 未[定記] | 未記入 | 未作成 | 未記載 | (?:準備|作成|執筆|工事|検討|調整|編集)中
    | (?:作成|記載|追記|追加|更新|執筆)予定 | 要(?:記入|追記|記載)
    | (?:後日|後で|のちほど|後ほど|近日)\w{0,6} | (?:該当|特に)?なし | 空欄 | [上下]記(?:を?参照)?
    | (?:ここ|こちら)に\w{0,12}(?:記載|記入|追記|説明|入力|書)\w{0,10}
    | (?:手順|内容|概要|説明|方法|詳細|連絡先)\w{0,2}を?(?:記載|記入|追記)(?:してください|する|すること)
    | (?<!\w)(?:[省从從]?略 | 同[上前] | [见見](?:[上下]文?|前文|前述) | 如[上下] | 参照?[上下]文? | 暂略)
    | (?:请|請)?(?:此处|此處|这里|這裡)?(?:填写|填寫|补充|補充|描述|说明|說明|列出|写明|寫明|简述)\w{0,6}
      (?:步骤|步驟|流程|内容|內容|方案|方法|过程|過程|情况|情況|信息|資訊)
    | (?:请|請|此处|此處|这里|這裡)(?:填写|填寫|补充|補充|说明|說明)\w{0,6}
    | 要確認 | 调查中 | 調查中 | กำลังจัดทำ\w{0,10} | รอข้อมูล\w{0,10}
    | เร็ว\ ?ๆ\ ?นี้ | รอ(?:เพิ่ม\w{0,10}|ดำเนินการ) | ยังไม่มี\w{0,10} | อยู่ระหว่าง\w{0,12}
"""
"""The same in scripts without blanks between words."""
STEPS = r"""
    step | phase | stage | part | task | item | point | section | row | schritt | teil | punkt | étape | etape
    | partie | paso | passo | fase | parte | stap | deel | krok | etap | шаг | пункт | steg | trin | adım | vaihe
    | 手順 | 步骤 | 步驟 | ステップ | 단계
"""
"""What is numbered."""
TRIALS = r"""
    blah? | foo | bar | baz | qux | asdf\w* | qwert[yz]\w* | tests? | sample | dummy | lorem | ipsum | abc | xyz
    | hello\ world | some | texts? | items? | bullets?(?:\ points?)? | example
"""
"""What is typed to see how a page looks."""
