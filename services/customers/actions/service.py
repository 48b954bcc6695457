"""The same done to many customers, each answered for."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from services.customers.actions.schemas import ActionItem, Changes
from services.customers.records import service as customers
from services.customers.records.directory import Directory
from services.customers.records.preparing import prepare
from services.customers.records.schemas import CustomerChanges, ItemProblem
from shared.http.errors import AppError, FieldProblem
from shared.work import Work

Status = Literal["changed", "unchanged", "deleted", "failed"]


async def change_all(work: Work, customer_ids: Sequence[UUID], changes: Changes) -> list[ActionItem]:
    """One answer for each id, in order; a former id stands for who that is now."""
    body = CustomerChanges.model_validate(changes.told())
    preparation = await prepare(work, [body])
    directory = await Directory.open(work, customer_ids=customer_ids)
    items = []
    for customer_id in customer_ids:
        try:
            customer = directory.require(customer_id)
            before = customer.version
            directory.change(customer, preparation.changes(body, customer))
            items.append(_item(customer_id, "changed" if customer.version > before else "unchanged"))
        except AppError as problem:
            items.append(_failed(customer_id, problem))
    await directory.save()
    return items


async def delete_all(work: Work, customer_ids: Sequence[UUID]) -> list[ActionItem]:
    """As `change_all`; of two ids of one person the second is not there any more."""
    items = []
    for customer_id in customer_ids:
        try:
            await customers.remove(work, customer_id, None)
            items.append(_item(customer_id, "deleted"))
        except AppError as problem:
            items.append(_failed(customer_id, problem))
    return items


def _item(customer_id: UUID, status: Status) -> ActionItem:
    return ActionItem(customer_id=customer_id, status=status, errors=[])


def _failed(customer_id: UUID, problem: AppError) -> ActionItem:
    errors = problem.errors or (FieldProblem("", problem.code, problem.detail),)
    told = [ItemProblem(pointer=each.pointer, code=each.code, detail=each.detail) for each in errors]
    return ActionItem(customer_id=customer_id, status="failed", errors=told)
