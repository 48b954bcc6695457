"""`/v1/uploads`: files that answer a question. They are given out to be saved, never to be shown in a page."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.survey.definition.texts import Key
from services.survey.files import service as files
from services.survey.files.schemas import UploadOut
from services.survey.responses.auth import ResponsesRead, ResponsesWrite
from services.survey.responses.schemas import SubmissionId
from services.survey.surveys.published import published_surveys
from shared.files import FileMissing, file_key, file_store
from shared.http.dependencies import RuntimeDep
from shared.http.downloads import download
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
LARGEST = 20 * files.MEGABYTE

_BYTES = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@router.post("", status_code=201, openapi_extra=_BYTES)
async def upload_file(
    request: Request,
    work: ResponsesWrite,
    runtime: RuntimeDep,
    survey_id: UUID,
    submission_id: Annotated[SubmissionId, Query(description="Of the attempt, and of its response later.")],
    question: Annotated[Key, Query(description="The key of the question that asks for it.")],
    name: Annotated[str, Query(max_length=1_000, description="What the file is called.")] = "file",
) -> UploadOut:
    """Hand in a file, as the body; the answer to its question is the list of such ids. Unnamed ones go after a day."""
    survey = await published_surveys(runtime).open(work.account_id, survey_id)
    asked = files.question_for(survey, question)
    content = await request.body()
    file = await files.take(work, survey, asked, submission_id=submission_id, name=name, content=content)
    return UploadOut.model_validate(file)


@router.get("/{file_id}")
async def get_upload(file_id: UUID, work: ResponsesRead) -> UploadOut:
    """What is known of a file."""
    return UploadOut.model_validate(await files.read(work, file_id))


@router.get("/{file_id}/content", response_class=Response)
async def get_content(file_id: UUID, work: ResponsesRead) -> Response:
    """The file itself, to be saved."""
    file = await files.read(work, file_id)
    try:
        content = await file_store(work.settings).get(file_key(work.account_id, file.id))
    except FileMissing:
        raise files.FileNotFound from None
    return download(content, name=file.name, media_type=file.media_type)
