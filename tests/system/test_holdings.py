"""No table with something of a person is forgotten: a new one has to say here, or in a holding, what becomes of it."""

from importlib import import_module

from services import catalog

PEOPLE = ("customer_id", "origin_customer_id", "person_id", "merged_customer_id", "first_id", "email", "phone")
# What an erasure need not touch, and why.
LEFT: dict[str, str] = {
    "customers.segment_reviews": "goes when the customer's deletion is heard of",
    "gateway.users": "people who work here are no customers",
    "notifier.colleagues": "people who work here are no customers",
    "gateway.subject_requests": "the request itself, by id, which the receipt proves",
}


def test_every_table_with_a_person_in_it_is_a_holding_or_left_for_a_reason() -> None:
    held = set()
    found = set()
    for service in catalog.load_all():
        if service.name != "gateway":
            part = import_module(f"services.{service.name}.subjects.part")
            held |= {holding.table for holding in part.HOLDINGS}
        for table in service.metadata.tables.values():
            if any(name in table.columns for name in PEOPLE):
                found.add(table.fullname)
    assert sorted(found - held - LEFT.keys()) == []
    assert sorted(LEFT.keys() - found) == []
