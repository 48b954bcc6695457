"""What web pages ask by a publishable key (`/w/{key}`) in OpenAPI, by hand: survey, form and chat are plain routes."""

from typing import Any, Final

from pydantic import BaseModel

from services.survey.chats.schemas import ChatOut, MessagesOut, NewChat, NewMessage
from services.survey.forms.schemas import FormMessage
from services.survey.widget.schemas import Filled, Shown

Json = dict[str, Any]
_MODELS: Final = (Shown, Filled, FormMessage, NewChat, NewMessage, ChatOut, MessagesOut)
# In the same document there are other messages, of tickets.
_NAMES: Final = {
    "Shown": "WidgetObservation",
    "Filled": "WidgetAnswers",
    "NewMessage": "NewChatMessage",
    "MessageOut": "ChatMessageOut",
    "MessagesOut": "ChatMessagesOut",
}
_REFS: Final = "#/components/schemas/{model}"
_ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
_OTHER_ID: Final = "0b0e9f5c-6d2f-4a53-8b5b-0c7d3c0c8c11"
_KEY: Final = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "A publishable key of the account, `pk_...`. Only pages of the key's own origins may come.",
    "example": "pk_3q2-7w",
}
_CHAT: Final = {
    "name": "chat",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "What the chat began with: the key to this conversation.",
}
_SAID: Final = {"id": _OTHER_ID, "author": "visitor", "name": "Ana", "text": "Are you open today?"}
_SAID_AT: Final = {"written_at": "2026-03-02T09:00:00Z"}
_EXAMPLES: Final[dict[str, Any]] = {
    "Shown": {"survey_id": _ID, "submission_id": _OTHER_ID, "state": "displayed", "seen": {"score": 1200}},
    "Filled": {
        "survey_id": _ID,
        "survey_version": 1,
        "submission_id": _OTHER_ID,
        "language": "en",
        "left": ["first"],
        "forward": True,
        "answers": [{"question": "score", "value": 9}],
    },
    "FormMessage": {
        "submission_id": _OTHER_ID,
        "email": "ana@example.com",
        "subject": "My order",
        "text": "Where is it?",
        "dimensions": {"order": "1042"},
    },
    "NewChat": {"message_id": _OTHER_ID, "text": "Are you open today?", "name": "Ana", "email": "ana@example.com"},
    "NewMessage": {"message_id": _OTHER_ID, "text": "Thank you."},
    "ChatOut": {"chat": "AZyt-the-key-to-this-chat", "messages": [_SAID | _SAID_AT]},
    "MessagesOut": {"messages": [_SAID | _SAID_AT], "after": _OTHER_ID},
}


def schemas() -> Json:
    """Component schemas of these routes."""
    found: Json = {}
    for model in _MODELS:
        schema = model.model_json_schema(ref_template=_REFS)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    # A reference ends with the name.
    return {_NAMES.get(name, name): _renamed(schema) for name, schema in found.items()}


def paths() -> Json:
    script = {"text/javascript": {"schema": {"type": "string"}}}
    return {
        "/w/{key}.js": {
            "get": _described("show_script", "The widget's script", "The same for every key.", {"200": script})
        },
        "/w/{key}/surveys/{survey_id}": {"get": _survey()},
        "/w/{key}/attempts": {
            "post": _described(
                "observe_attempt",
                "Say how far somebody came",
                "What the script tells.",
                {"200": _thing({})},
                body=Shown,
            )
        },
        "/w/{key}/responses": {"post": _answers()},
        "/w/{key}/uploads": {"post": _upload()},
        "/w/{key}/messages": {"get": _stamp(), "post": _message()},
        "/w/{key}/chats": {
            "post": _described(
                "begin_chat",
                "Begin a chat",
                "With the first message. It opens a ticket, in which colleagues answer.",
                {"201": _answer(ChatOut)},
                body=NewChat,
            )
        },
        "/w/{key}/chats/{chat}/messages": {
            "get": _described(
                "list_chat_messages",
                "What was said in a chat",
                "All of it, or what came after a message. Ask again every few seconds.",
                {"200": _answer(MessagesOut)},
                parameters=[_CHAT, _query("after", "The id of the last message that is known.", format="uuid")],
            ),
            "post": _described(
                "say_in_chat",
                "Say something in a chat",
                "The same `message_id` again is the same message.",
                {"201": _answer(MessagesOut)},
                body=NewMessage,
                parameters=[_CHAT],
            ),
        },
    }


def _survey() -> Json:
    survey_id = {"name": "survey_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return _described(
        "show_survey",
        "The page of a survey that comes first, or next",
        "What the script draws, in the visitor's language. Nothing is recorded by it.",
        {"200": _thing({"survey_version": 1, "language": "en", "state": "page"})},
        parameters=[
            survey_id,
            _query("submission", "The attempt, a UUID that the page made up.", format="uuid"),
            _query("lang", "The language that is wanted, such as `pt`."),
        ],
    )


def _answers() -> Json:
    problems = _thing({"errors": [{"question": "score", "words": "Please answer this question."}]})
    return _described(
        "hand_in_answers",
        "Hand in answers, page by page",
        "All answers so far, stored durably when answered; the answer is the next page, or the end.",
        {"200": _thing({"state": "end"}), "422": problems},
        body=Filled,
    )


def _upload() -> Json:
    return _described(
        "upload_file",
        "Hand in a file for a question",
        "As the body. What it is, its bytes tell; programs are refused.",
        {"200": _thing({"id": _ID})},
        parameters=[
            _query("survey_id", "Whose question it is.", format="uuid"),
            _query("question", "The key of the question."),
            _query("submission_id", "The attempt.", format="uuid"),
            _query("name", "The file's name."),
        ],
        content={"application/octet-stream": {"schema": {"type": "string", "contentEncoding": "binary"}}},
    )


def _stamp() -> Json:
    example = {"stamp": "1772442000.8d1f", "files": {"most": 5, "largest": 10_485_760}}
    return _described(
        "show_form",
        "What a contact form is sent with",
        "A stamp says when the page was made: what is sent faster than a person types is flagged.",
        {"200": _thing(example)},
    )


def _message() -> Json:
    form: Json = {"type": "object", "required": ["submission_id", "text"], "additionalProperties": {"type": "string"}}
    form["properties"] = {"submission_id": {"type": "string"}, "text": {"type": "string"}, "next": {"type": "string"}}
    content = _content(FormMessage) | {
        "application/x-www-form-urlencoded": {"schema": form},
        "multipart/form-data": {"schema": form},
    }
    described = _described(
        "send_message",
        "Send a message by a contact form",
        "As JSON, or as a plain form with its files. Unknown fields of a form are kept as dimensions. `submission_id` "
        "makes sending it twice the same as once.",
        {"201": _thing({"id": _ID, "duplicate": False})},
        content=content,
    )
    described["responses"]["303"] = {"description": "Sent by a plain form: on to its `next`, of the same origin."}
    return described


def _described(
    name: str,
    summary: str,
    description: str,
    answers: Json,
    *,
    body: type[BaseModel] | None = None,
    content: Json | None = None,
    parameters: list[Json] | None = None,
) -> Json:
    described: Json = {
        "tags": ["widget"],
        "operationId": f"widget_{name}",
        "summary": summary,
        "description": description,
        "security": [],
        "parameters": [_KEY, *(parameters or ())],
        "responses": {
            status: {"description": "What has to be mended." if status == "422" else "Done.", "content": answer}
            for status, answer in answers.items()
        },
    }
    if content or body:
        described["requestBody"] = {"required": True, "content": content or _content(body)}
    return described


def _content(model: type[BaseModel] | None) -> Json:
    """Also as a text, which a browser sends without asking for leave beforehand."""
    assert model is not None
    said = {"schema": _ref(model), "example": _EXAMPLES[model.__name__]}
    return {"application/json": said, "text/plain": {"schema": {"type": "string"}}}


def _answer(model: type[BaseModel]) -> Json:
    return {"application/json": {"schema": _ref(model), "example": _EXAMPLES[model.__name__]}}


def _thing(example: Json) -> Json:
    """What the script draws changes with the script, and is described by example."""
    return {"application/json": {"schema": {"type": "object"}, "example": example}}


def _query(name: str, description: str, **schema: str) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string"} | schema,
        "description": description,
    }


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFS.format(model=_NAMES.get(model.__name__, model.__name__))}


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _REFS.format(model=_NAMES.get(name := value.rpartition("/")[2], name))
            if key == "$ref"
            else _renamed(value)
            for key, value in node.items()
        }
    return [_renamed(item) for item in node] if isinstance(node, list) else node
