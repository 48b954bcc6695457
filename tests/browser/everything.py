"""One survey with every type of question, in three languages, and somebody who answers all of it."""

from collections.abc import Mapping
from typing import Any, Final

from playwright.async_api import Page

Words = Mapping[str, str]


def in_all(en: str, de: str, ar: str) -> Words:
    return {"en": en, "de": de, "ar": ar}


def options(**words: Words) -> list[dict[str, Any]]:
    return [{"id": name, "label": label} for name, label in words.items()]


THINGS: Final = options(
    price=in_all("Price", "Preis", "السعر"),
    taste=in_all("Taste", "Geschmack", "الطعم"),
    service=in_all("Service", "Bedienung", "الخدمة"),
)
NONE: Final = {"id": "none", "label": in_all("None of these", "Nichts davon", "لا شيء منها"), "exclusive": True}
GRADES: Final = options(
    bad=in_all("Bad", "Schlecht", "سيئ"), fair=in_all("Fair", "Mittel", "مقبول"), good=in_all("Good", "Gut", "جيد")
)


def asks(key: str, type: str, title: Words, **fields: Any) -> dict[str, Any]:
    return {"key": key, "type": type, "title": title} | fields


SCORES: Final = [
    asks(
        "recommend",
        "nps",
        in_all(
            "How likely are you to recommend us?",
            "Wie wahrscheinlich empfehlen Sie uns weiter?",
            "ما مدى احتمال أن توصي بنا؟",
        ),
        required=True,
        low_label=in_all("Not at all likely", "Sehr unwahrscheinlich", "غير محتمل إطلاقًا"),
        high_label=in_all("Extremely likely", "Sehr wahrscheinlich", "محتمل جدًا"),
    ),
    asks(
        "went_wrong",
        "long_text",
        in_all("What went wrong?", "Was lief schief?", "ما الذي لم يكن جيدًا؟"),
        required=True,
        show_when={"subject": "question.recommend", "operator": "at_most", "value": 6},
    ),
    asks(
        "happy",
        "csat",
        in_all("How happy are you?", "Wie zufrieden sind Sie?", "ما مدى رضاك؟"),
        style="faces",
        low_label=in_all("Very unhappy", "Sehr unzufrieden", "غير راضٍ إطلاقًا"),
        high_label=in_all("Very happy", "Sehr zufrieden", "راضٍ جدًا"),
    ),
    asks(
        "easy",
        "ces",
        in_all("It was easy to order.", "Das Bestellen war einfach.", "كان الطلب سهلًا."),
        direction="high_is_good",
        low_label=in_all("Not at all", "Gar nicht", "إطلاقًا"),
        high_label=in_all("Very much", "Sehr", "جدًا"),
    ),
    asks("stars", "rating", in_all("The delivery", "Die Lieferung", "التوصيل")),
    asks(
        "index",
        "csi",
        in_all("How good are we at …", "Wie gut sind wir bei …", "ما مدى جودة …"),
        points=5,
        items=THINGS,
        allow_not_applicable=True,
    ),
]
CHOICES: Final = [
    asks(
        "matters",
        "single",
        in_all("What matters most to you?", "Was ist Ihnen am wichtigsten?", "ما الأهم لديك؟"),
        options=THINGS,
        other=True,
        required=True,
    ),
    asks(
        "liked",
        "multiple",
        in_all("What did you like?", "Was hat Ihnen gefallen?", "ماذا أعجبك؟"),
        options=[*THINGS, NONE],
        most=2,
    ),
    asks(
        "order",
        "ranking",
        in_all("Put these in order", "Bringen Sie das in eine Reihenfolge", "رتّب ما يلي"),
        options=THINGS,
    ),
    asks(
        "table",
        "matrix",
        in_all("Give a grade to each", "Benoten Sie jedes", "قيّم كل واحد"),
        rows=THINGS,
        columns=GRADES,
    ),
]
DETAILS: Final = [
    asks(
        "thanks",
        "statement",
        in_all("Almost done", "Fast fertig", "أوشكت على الانتهاء"),
        description=in_all(
            "What matters to you: {{question.matters}}. Now a few words about you.",
            "Was Ihnen wichtig ist: {{question.matters}}. Nun ein paar Worte zu Ihnen.",
            "ما يهمك: {{question.matters}}. والآن بضع كلمات عنك.",
        ),
    ),
    asks(
        "weight",
        "number",
        in_all("How heavy was the bread?", "Wie schwer war das Brot?", "كم كان وزن الخبز؟"),
        places=2,
        minimum=0,
        unit=in_all("kg", "kg", "كغ"),
    ),
    asks("day", "date", in_all("When did it arrive?", "Wann kam es an?", "متى وصل؟"), earliest="2020-01-01"),
    asks("name", "short_text", in_all("Your name", "Ihr Name", "اسمك")),
    asks("email", "email", in_all("Your e-mail address", "Ihre E-Mail-Adresse", "بريدك الإلكتروني")),
    asks("phone", "phone", in_all("Your phone number", "Ihre Telefonnummer", "رقم هاتفك")),
    asks(
        "agree",
        "consent",
        in_all("May we write to you?", "Dürfen wir Ihnen schreiben?", "هل يمكننا مراسلتك؟"),
        statement=in_all(
            "Yes, write to me about my answer.", "Ja, schreiben Sie mir zu meiner Antwort.", "نعم، راسلوني بشأن إجابتي."
        ),
        required=True,
    ),
    asks("photo", "file", in_all("A photo of it", "Ein Foto davon", "صورة له"), kinds=["image"], most=2),
    asks("comment", "long_text", in_all("Anything else?", "Sonst noch etwas?", "هل من شيء آخر؟")),
]
DEFINITION: Final[dict[str, Any]] = {
    "locales": ["en", "de", "ar"],
    "pages": [
        {"key": "scores", "questions": SCORES},
        {"key": "choices", "title": in_all("Your choice", "Ihre Wahl", "اختيارك"), "questions": CHOICES},
        {"key": "details", "questions": DETAILS},
    ],
    "endings": [
        {
            "key": "sorry",
            "title": in_all("We are sorry", "Das tut uns leid", "نحن آسفون"),
            "text": in_all("Someone will read this today.", "Heute liest das jemand.", "سيقرأ أحدنا هذا اليوم."),
            "when": {"subject": "question.recommend", "operator": "at_most", "value": 6},
        },
        {"key": "glad", "title": in_all("Thank you!", "Vielen Dank!", "شكرًا لك!")},
    ],
    "review": {
        "label": in_all("Leave a public review", "Öffentlich bewerten", "اترك تقييمًا علنيًا"),
        "url": "https://reviews.example/us",
    },
}
ANSWERS: Final[dict[str, Any]] = {
    "recommend": 3,
    "went_wrong": "It came late.",
    "happy": 4,
    "easy": 6,
    "stars": 5,
    "index": {"price": 2, "taste": 5, "service": None},
    "matters": {"other": "The smell"},
    "liked": ["price", "taste"],
    "order": ["taste", "service", "price"],
    "table": {"price": "bad", "taste": "good", "service": "fair"},
    "weight": 1.25,
    "day": "2026-03-01",
    "name": "Ana",
    "email": "ana@example.com",
    "phone": "+4930123456",
    "agree": True,
    "comment": "سلام <b>&amp;</b> \u202egnirts",
}


PNG: Final = b"\x89PNG\r\n\x1a\n" + b"0" * 50


async def answer_scores(page: Page, *, scripts: bool) -> None:
    """The first page. Without scripts the question that depends on the score comes with the next press."""
    await choose(page, "recommend", "3")
    if not scripts:
        await go_on(page)
        await page.locator("[role=status]:not(:empty)").wait_for()
    await page.locator("#went_wrong").fill("It came late.")
    for name, value in (("happy", "4"), ("easy", "6"), ("stars", "5"), ("index.price", "2"), ("index.taste", "5")):
        await choose(page, name, value)
    await choose(page, "index.service", "+none")


async def answer_choices(page: Page) -> None:
    await choose(page, "matters", "+other")
    await page.locator("[name='matters.+other']").fill("The smell")
    for name, value in (("liked", "price"), ("liked", "taste"), ("table.price", "bad"), ("table.taste", "good")):
        await choose(page, name, value)
    await choose(page, "table.service", "fair")
    for name, place in (("order.taste", "1"), ("order.service", "2"), ("order.price", "3")):
        await page.locator(f"[name='{name}']").select_option(place)


async def answer_details(page: Page) -> None:
    texts = ("day", "name", "email", "comment")
    for key, text in {key: ANSWERS[key] for key in texts}.items():
        await page.locator(f"#{key}").fill(text)
    await page.locator("#weight").fill("1,25")
    await page.locator("#phone").fill("+49 30 123456")
    await page.locator("#agree").check()
    await page.locator("#photo").set_input_files({"name": "bread.png", "mimeType": "image/png", "buffer": PNG})


async def choose(page: Page, name: str, value: str) -> None:
    await page.locator(f"[name='{name}'][value='{value}']").check()


async def go_on(page: Page, go: str = "next") -> None:
    """Press a button, and be on the page that it leads to."""
    async with page.expect_navigation():
        await page.locator(f"button[name='.go'][value={go}]").click()
