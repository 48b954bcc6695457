"""Passwords: slow to guess, quick to refuse."""

import asyncio
from typing import TYPE_CHECKING

import argon2
import httpx
import pytest
from sqlalchemy import select, update

from services.gateway.users.models import User
from services.gateway.users.passwords import Passwords, random_password
from services.gateway.users.schemas import SHORTEST_PASSWORD
from shared.http.errors import TooMany

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business


class TestHashing:
    async def test_a_password_fits_its_own_hash_only(self) -> None:
        passwords = Passwords()
        stored = await passwords.hash("correct horse")
        assert await passwords.fits("correct horse", stored)
        assert not await passwords.fits("correct hors", stored)
        assert "correct" not in stored

    async def test_equal_passwords_have_different_hashes(self) -> None:
        passwords = Passwords()
        assert await passwords.hash("correct horse") != await passwords.hash("correct horse")

    async def test_it_is_argon2id(self) -> None:
        parameters = argon2.extract_parameters(await Passwords().hash("x"))
        assert parameters.type is argon2.Type.ID
        assert (parameters.memory_cost, parameters.time_cost) == (19_456, 2)

    @pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken", None])
    async def test_nothing_fits_what_is_no_hash(self, stored: str | None) -> None:
        passwords = Passwords()
        for password in ("", "plain", stored or ""):
            assert not await passwords.fits(password, stored)

    async def test_a_flood_is_refused_rather_than_queued_without_end(self) -> None:
        passwords = Passwords()
        found = await asyncio.gather(*(passwords.hash("x") for _ in range(40)), return_exceptions=True)
        assert sum(isinstance(one, TooMany) for one in found) == 8
        assert isinstance(await passwords.hash("x"), str)

    def test_made_up_ones_are_long_and_never_the_same(self) -> None:
        made = {random_password() for _ in range(100)}
        assert len(made) == 100
        assert all(len(password) > 2 * SHORTEST_PASSWORD for password in made)


class TestAnOutdatedHash:
    async def test_is_renewed_when_its_owner_signs_in(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(business.password)
        async with gateway.work(business.account_id) as work:
            await work.session.execute(update(User).values(password_hash=weak))
        signed_in = await door.post("/v1/sessions", json={"email": business.email, "password": business.password})
        assert signed_in.status_code == 201
        async with gateway.work(business.account_id) as work:
            renewed = await work.session.scalar(select(User.password_hash))
        assert renewed is not None
        assert renewed != weak
        assert argon2.extract_parameters(renewed).memory_cost == 19_456
