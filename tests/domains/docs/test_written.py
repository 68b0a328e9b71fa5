from __future__ import annotations

import time

import pytest

from pytest_readiness.domains.docs.written import count_words, says_something


@pytest.mark.parametrize(
    "text",
    [
        # English
        "To be continued …",
        "Todo: el plan",
        "Todo add the steps",
        "Todo por definir",
        "To be done by operations: write the steps",
        "To be decided by the board: who calls for it",
        "Work in progress by operations: the steps",
        "Owner: [name]",
        "Same as above.",
        "Ask the team.",
        "Deprecated.",
        "Removed.",
        "Moved to the wiki.",
        "This section has been removed.",
        "placeholder text",
        "Phone: +00 000 000",
        "Who does it? When? How?",
        "Q: How do we roll back?",
        "{Describe the context, e.g., in free form. You may want to state the problem as a question.}",
        "A ser preenchido",
        "Будет позже",
        "بزودی",
        "Sắp có",
        "to be announced",
        "t.b.d.",
        "T. B. A.",
        "T.B.D. by operations",
        "n. n.",
        "W.I.P.",
        "To do: ask the DBAs",
        "(see TODO list)",
        "TODO(alice): write the steps",
        "Will be added before go-live.",
        "More details will be added soon.",
        "Must be written by operations",
        "Content goes here.",
        "Text pending review by operations",
        "Docs coming soon!",
        "Stay tuned",
        "Under development",
        "Not documented yet.",
        "Nothing here yet",
        "No content",
        "None at this time",
        "N/A (for now)",
        "No rollback plan yet.",
        "We have no rollback procedure.",
        "Sorry, this page is a stub",
        "Needs content",
        "@alice to write",
        "Alice to fill in",
        "We still need to write this.",
        "Please complete",
        "Fill out this section before release",
        "Add the commands",
        "Click here to enter text.",
        "Ask Bob.",
        "Bob knows how.",
        "Jira: OPS-123",
        "Last updated: YYYY-MM-DD",
        "Owner: @name Date: DD.MM.YYYY",
        "Name: Date: Signature:",
        "© 2024 Shop Ltd",
        "Step 1",
        "Step two",
        "Step 1) Step 2)",
        "First step",
        "Schritt 1",
        "Étape 1 :",
        "[ ] TODO",
        "foo bar",
        "test test test",
        "blah blah",
        "Some text",
        "${ROLLBACK}",
        "{# how to go back #}",
        r"\newpage",
        # What templates ask
        "Describe here how to roll back.",
        "Explain the rollback procedure.",
        "Document how to roll back the service, who decides and how long it takes.",
        "Briefly describe how the service is rolled back. Include who decides.",
        "This section should describe how to roll back.",
        "In this section, describe the procedure.",
        "Instructions: list every step.",
        "How do we roll back?",
        "How would you roll this back? Who decides?",
        "Beschreiben Sie hier, wie zurückgerollt wird.",
        "Wie wird zurückgerollt?",
        "Décrivez ici la procédure.",
        "¿Cómo se revierte?",
        "Опишите процедуру отката.",
        # Other languages
        "Folgt.",
        "Beschreibung folgt.",
        "Wird noch ergänzt",
        "wird noch ergaenzt",
        "Dieser Abschnitt wird noch geschrieben.",
        "Noch nicht vorhanden",
        "Hier Rollback beschreiben",
        "Bitte ausfüllen",
        "Entfällt",
        "Keine Angaben",
        "siehe unten",
        "À compléter",
        "A COMPLETER",
        "Section à rédiger.",
        "Contenu à venir",
        "Sans objet",
        "Por completar",
        "Pendiente",
        "Contenido pendiente",
        "En construccion",
        "A definir pela equipe",
        "Em breve",
        "Da completare",
        "In arrivo",
        "Nog in te vullen",
        "Volgt nog.",
        "Niet van toepassing",
        "Do uzupełnienia",
        "Wkrótce",
        "Doplnit",
        "Будет дополнено",
        "Описание будет добавлено позже",
        "Раздел в разработке",
        "уточняется",
        "Kommer snart",
        "Tulossa",
        "Yakında",
        "Hamarosan",
        "În curând",
        "Σύντομα",
        "Segera hadir",
        "sẽ cập nhật",
        "قريبا",
        "בקרוב",
        "작성 예정",
        "준비 중입니다.",
        "未定",
        "現在準備中です。",
        "後日記載予定",
        "手順を記載してください。",
        "待定",
        "内容待补充",
        "后续补充。",
        "暂无内容",
        "เร็ว ๆ นี้",
        # Code
        "# TODO\n...\n",
        "# roll back\n<command>\n",
        "$ \n",
        # Rows of tables
        "Owner\tTBD",
        "Trigger\tfolgt",
        "Étape\tÀ définir",
        "Step 1\tName",
    ],
)
def test_places_of_texts_say_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize(
    "text",
    [
        "Restart",
        "Restart node-1.",
        "AES-256",
        "Owner: Tom",
        "Owner: Inga",
        "4 h",
        "5 %",
        "[ ] Redeploy",
        "[x] Redeploy",
        "#ops-alerts",
        "https://wiki.shop.test/rollback",
        "TODO items in the queue are replayed with make replay.",
        "Delete all TODO comments, then tag.",
        "WIP commits are never deployed.",
        "To do this, redeploy the old tag.",
        "Pending jobs are retried.",
        "Missing pods are recreated by the controller.",
        "Steps must be completed in order.",
        "The page will be updated every 30 minutes.",
        "The host will be added to the pool.",
        "Not available on Windows; on Linux run make undo.",
        "Not applicable: the site is static and every version stays online.",
        "No rollback: fix forward.",
        "Nothing is lost: redeploy.",
        "Test the backup.",
        "Draft a message to the customers.",
        "Click Save to finish.",
        "You must document this in Jira.",
        "Fill in the form of the provider.",
        "Fill the cache with make warm.",
        "Follow the steps on the wall.",
        "Describe what happened in the incident channel.",
        "Explain the delay to the customers.",
        "List all pods.",
        "Identify which node is the primary.",
        "Specify the tag and press Enter.",
        "Instructions: stop the app, redeploy the old tag.",
        "This runbook must be followed step by step.",
        "Is the error rate above 2 %?",
        "Was the schema changed?",
        "Who decides? The engineer on call.",
        "What changed is reverted by make undo.",
        "Step 1: redeploy the old tag",
        "Redeploy. TODO: times",
        "Zurück zur letzten Version.",
        "Der Port 443 bleibt offen.",
        "Der zweite Host folgt dem ersten.",
        "Der Host ist noch nicht erreichbar.",
        "Was zu tun ist, steht im Wiki.",
        "Revenir à la version précédente.",
        "Volver a la versión anterior.",
        "Como no deploy, com a tag anterior.",
        "Come per il deployment, con il tag vecchio.",
        "Terug naar de vorige versie.",
        "Wróć do poprzedniej wersji.",
        "Заполнить форму провайдера и вернуть релиз.",
        "Önceki sürüme dön.",
        "이전 버전으로 되돌린다.",
        "前のバージョンに戻す。",
        "回滚到上一个版本",
        "ย้อนกลับไปยังรุ่นก่อนหน้า",
        "التراجع عن الإصدار الأخير",
        "Redeploy [1]",
        "The hosts [1, 2] restart.",
        "Owner\tJane",
        "1\tRedeploy",
        "Operations\t✔\t",
        "// XXX slow\nmake undo\n",
        "[\n  'one',\n  'two'\n]\n",
        "helm rollback <release>\n",
        "# systemctl restart shop\n",
    ],
)
def test_short_texts_say_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize("text", ["List every step.", "Add who decides.", "e.g. make undo", "Delete this section."])
def test_what_templates_ask_in_italics_says_nothing(text: str) -> None:
    assert says_something(text)
    assert not says_something(text, italic=True)
    assert says_something("Note that hosts are restarted.", italic=True)
    assert says_something("Redeploy the old tag.", italic=True)


@pytest.mark.parametrize("text", ["Details", "Follow the steps here", "See OPS-123"])
def test_what_links_to_another_place_says_something(text: str) -> None:
    assert not says_something(text)
    assert says_something(text, linked=True)
    assert not says_something("TODO", linked=True)


def test_words_of_scripts_without_blanks() -> None:
    assert count_words("Two words") == 2
    assert count_words("部署服务到主机") == 4


@pytest.mark.parametrize(
    "piece", ["name: ", "a: b: ", "step 1 ", "foo ", "a to ", "wird noch ", "describe how ", "no a-"]
)
def test_repeated_pieces_are_judged_quickly(piece: str) -> None:
    begun = time.process_time()
    says_something(piece * 5000)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        "略",
        "同上",
        "见上文",
        "（省略）",
        "此处填写",
        "請填寫",
        "描述回滚步骤",
        "请在此描述回滚步骤。",
        "步骤一",
        "जल्द आ रहा है",
        "Non documenté",
        "Undocumented",
        "T B D",
        "Write here.",
        "- [ ] write this",
        "Yes / No",
        "(… existing content …)",
        "[Rest of the section unchanged]",
        "Removed, see Git history.",
        "Q: How do we roll back? A: TBD",
        "Owner: TBD. Phone: TBD.",
        "To roll back, follow these steps:",
        "In diesem Abschnitt wird beschrieben, wie der Rollback funktioniert.",
        "Cette section décrit la procédure.",
        "Esta sección describe el procedimiento.",
        "В этом разделе описан порядок отката.",
        "本节介绍回滚流程。",
        "On-call: First Last",
        "On-call: Firstname Lastname",
        "Max Mustermann, 01234 567890",
        "负责人：张三",
        "担当者：〇〇〇〇",
        "负责人：XXX",
        "Owner: @team",
        "Owner: YOUR_TEAM",
        "Owner: %OWNER%",
        "Slack: #your-channel",
        "Slack: #channel-name",
        "Email: your-team@example.com",
        "Contact: name@example.com",
        "Phone: +1 (555) 123-4567",
        "Phone: +1-555-555-5555",
        "Version: vX.Y.Z",
        "RTO: X hours",
        "RTO: XX minutes",
        "SLO: 99.X%",
        "Ticket: PROJ-XXX",
        'echo "TODO"\n',
    ],
)
def test_more_places_of_texts_say_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize(
    "text",
    [
        "回滚策略",
        "省略号表示参数",
        "按策略同步上游",
        "Coming soon page: switch on with `make soon`.",
        "Under construction page is served by nginx.",
        "Owner: @team-payments",
        "Owner: team@shop.example",
        "Slack: #team-payments",
        "Run make undo: it takes 5 minutes",
        "RTO: 4 h",
        "Call XLS support: 4711 for the import",
        "Write it to the log and restart.",
        "Rest of the team is told in the chat.",
        "echo off | relayctl undo\n",
        "Existing sessions stay.",
        "Moved to the second host by keepalived.",
    ],
)
def test_texts_that_only_look_like_those_say_something(text: str) -> None:
    assert says_something(text)


def test_all_of_what_a_template_asks_in_italics_says_nothing() -> None:
    text = "How do we revert? List the exact commands and who may run them."
    assert not says_something(text, italic=True)
    assert says_something(f"{text} Run make undo.", italic=True)
