"""What the API document says of `/w/{key}` is what the endpoints take."""

import pytest
from pydantic import BaseModel

from services.survey.chats.schemas import ChatOut, MessagesOut, NewChat, NewMessage
from services.survey.forms.schemas import FormMessage
from services.survey.widget import openapi
from services.survey.widget.schemas import Filled, Shown


@pytest.mark.parametrize("model", [Shown, Filled, FormMessage, NewChat, NewMessage, ChatOut, MessagesOut])
def test_each_example_is_a_good_one(model: type[BaseModel]) -> None:
    examples = [
        part["example"]
        for item in openapi.paths().values()
        for operation in item.values()
        for content in (operation.get("requestBody", {}), *operation["responses"].values())
        for part in content.get("content", {}).values()
        if part["schema"] == openapi._ref(model)
    ]
    assert examples
    for example in examples:
        model.model_validate(example)
