"""Applications at a portal: when tokens are renewed, how often, and what whoever waits is told."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from b24orm import Deal, Limits, OAuthApp, OAuthTokens, Portal, connect
from b24orm.command import Outcome
from b24orm.context import default_portal
from b24orm.errors import AuthError, B24OrmError, ConfigurationError, OutcomeUnknown, TransportError
from b24orm.oauth import CallbackStore, FileStore, MemoryStore
from b24orm.sandbox import Sandbox, SandboxApp
from tests.conftest import HurriedClock

HOUR = 3600


class Setting:
    """A sandbox with an application, its keys, and a store with its first tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.there: SandboxApp = sandbox.app()
        self.app = OAuthApp(self.there.client_id, self.there.client_secret, auth_server=sandbox.auth_server)
        self.store: MemoryStore = MemoryStore()
        self.tokens = OAuthTokens.parse(self.there.tokens())
        self.store.save(sandbox.domain, self.tokens)
        self.domain = sandbox.domain

    def portal(self, **options: Any) -> Portal:
        return Portal.oauth(self.domain, self.app, self.store, **{"limits": Limits.none(), **options})

    def expire(self) -> None:
        self.sandbox.advance(HOUR)
        self.sandbox.books.reset()


@pytest.fixture
async def at() -> AsyncIterator[Setting]:
    async with Sandbox(deals=60, limits=Limits.none()) as sandbox:
        yield Setting(sandbox)
        assert sandbox.books.crashes == []


class TellingStore(MemoryStore):
    """Tells when it is asked for the tokens a second time: the first ones have expired."""

    def __init__(self, tokens: dict[str, OAuthTokens]) -> None:
        super().__init__(tokens)
        self.loop = asyncio.get_running_loop()
        self.asked = 0
        self.asked_anew = asyncio.Event()

    def load(self, portal: str) -> OAuthTokens | None:
        self.asked += 1
        if self.asked == 2:
            self.loop.call_soon_threadsafe(self.asked_anew.set)
        return super().load(portal)


def hundred(portal: Portal, at: Setting) -> list[Any]:
    ids = (at.sandbox.ids("deal") * 2)[:100]
    return [portal.call("crm.deal.get", {"id": row}) for row in ids]


# ------------------------------------------------------------------------------------------------------ the bars


async def test_a_hundred_calls_on_an_expired_token_cause_one_refresh_and_all_succeed(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.expire()
        answers = await asyncio.gather(*hundred(portal, at))
    assert [int(answer.result["ID"]) for answer in answers] == (at.sandbox.ids("deal") * 2)[:100]
    assert at.sandbox.books.refreshes == len(at.sandbox.books.tokens) == 1
    assert portal.stats.reasons == {"expired_token": 100}
    # Two batches that were refused, and the two that followed: the limits have counted each of them.
    assert portal.stats.requests - 1 == at.sandbox.books.requests == 4
    assert at.sandbox.books.commands == 100


async def test_a_hundred_calls_at_a_time_in_requests_of_their_own_cause_one_refresh(at: Setting) -> None:
    """Requests that come back refused one after the other, while the refresh is under way or over already."""
    async with at.portal(max_concurrency=20) as portal:
        await portal.call("profile")
        at.expire()
        at.sandbox.delays["oauth/token"] = 0.05
        await asyncio.gather(*(portal.batch({"a": "profile"}) for _ in range(100)))
    assert at.sandbox.books.refreshes == 1
    assert at.sandbox.books.methods["profile"] == 100


async def test_a_refused_refresh_is_told_to_each_of_a_hundred_calls_and_asked_once(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.there.drop_refresh_tokens()
        at.expire()
        answers = await asyncio.gather(*hundred(portal, at), return_exceptions=True)
        assert [type(answer) for answer in answers] == [AuthError] * 100
        assert {getattr(answer, "code", None) for answer in answers} == {"invalid_grant"}
        assert "the user has to authorize again" in str(answers[0])
        # It is remembered: neither the authorization server nor the portal is asked again.
        requests = at.sandbox.books.requests
        with pytest.raises(AuthError, match="invalid_grant"):
            await portal.call("profile")
        assert (at.sandbox.books.refreshes, at.sandbox.books.requests) == (1, requests)
        # … until the store holds other tokens.
        at.store.save(at.domain, OAuthTokens.parse(at.there.tokens()))
        assert (await portal.call("profile")).result["ID"] == "1"
    assert at.sandbox.books.refreshes == 1


# ---------------------------------------------------------------------------------------------- when it is renewed


async def test_a_token_that_has_run_out_by_our_clock_is_renewed_before_it_is_sent(at: Setting) -> None:
    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    async with at.portal() as portal:
        await asyncio.gather(*hundred(portal, at))
    assert at.sandbox.books.refreshes == 1
    assert at.sandbox.books.requests == 2
    assert portal.stats.retries == 0


async def test_a_token_is_renewed_when_it_is_used_and_never_otherwise(at: Setting) -> None:
    async with at.portal() as portal:
        for _ in range(5):
            await portal.call("profile")
    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    async with at.portal():
        pass
    assert at.sandbox.books.tokens == []


async def test_tokens_that_live_for_a_moment_are_not_renewed_for_each_request(at: Setting) -> None:
    told = at.there.tokens()
    at.store.save(at.domain, OAuthTokens.parse({**told, "expires_in": 30}))
    async with at.portal() as portal:
        for _ in range(3):
            await portal.call("profile")
    assert at.sandbox.books.refreshes == 0


async def test_writes_that_found_their_token_expired_did_not_run_and_run_once(at: Setting) -> None:
    async with at.portal():
        await Deal.objects.count()
        at.expire()
        new = await Deal.objects.create(title="once")
        results = await Deal.objects.bulk_create([Deal(title=f"n{number}") for number in range(10)])
    assert at.sandbox.row("deal", new.id) is not None
    assert {outcome.status for outcome in results} == {"ok"}
    assert at.sandbox.books.applied["deal", "add"] == 11
    assert at.sandbox.books.refreshes == 1


async def test_single_commands_of_a_batch_that_find_the_token_expired_are_sent_again(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.sandbox.books.reset()
        at.sandbox.faults.add("command_expired_token", method="crm.deal.update", after=2, times=3)
        changes = [{"id": row, "fields": {"TITLE": "new"}} for row in at.sandbox.ids("deal")[:10]]
        outcomes = await portal.call_many("crm.deal.update", changes)
    assert [outcome.status for outcome in outcomes] == ["ok"] * 10
    assert at.sandbox.books.applied["deal", "update"] == 10
    assert at.sandbox.books.refreshes == 1
    assert [len(record.commands) for record in at.sandbox.books.log] == [10, 3]


async def test_a_batch_of_ones_own_is_sent_again_as_a_whole_if_none_of_it_ran(at: Setting) -> None:
    first, second = at.sandbox.ids("deal")[:2]
    given = {
        "one": ("crm.deal.update", {"id": first, "fields": {"TITLE": "a"}}),
        "two": ("crm.deal.update", {"id": second, "fields": {"TITLE": "b"}}),
    }
    async with at.portal() as portal:
        at.sandbox.faults.add("command_expired_token", method="crm.deal.update", times=2)
        outcomes = await portal.batch(given, halt=False)
        assert [outcome.status for outcome in outcomes.values()] == ["ok", "ok"]
        # If some of it ran, it is not: whoever wrote it can see what did.
        at.sandbox.faults.add("command_expired_token", method="crm.deal.update")
        mixed = await portal.batch(given, halt=False)
    assert [outcome.status for outcome in mixed.values()] == ["failed", "ok"]
    assert isinstance(mixed["one"].error, AuthError)
    assert at.sandbox.books.applied["deal", "update"] == 3


async def test_a_long_list_goes_on_while_its_token_expires(at: Setting) -> None:
    async with Sandbox(deals=3000, limits=Limits.none()) as sandbox:
        at = Setting(sandbox)
        sandbox.faults.add("command_expired_token", every=7, times=6)
        sandbox.faults.add("expired_token", after=2)
        async with at.portal():
            ids = [deal.id async for deal in Deal.objects.select("id")]
        assert ids == sandbox.ids("deal")
        assert sandbox.books.refreshes >= 2


async def test_a_token_that_was_just_issued_and_is_refused_again_is_not_asked_for_for_ever(at: Setting) -> None:
    at.sandbox.faults.add("expired_token", every=1)
    async with at.portal() as portal:
        with pytest.raises(AuthError, match="expired_token"):
            await portal.call("profile")
    assert at.sandbox.books.refreshes == 1
    assert at.sandbox.books.requests == 2


async def test_other_refusals_of_a_token_are_no_reason_to_renew_it(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.there.uninstall()
        with pytest.raises(AuthError, match="ERROR_OAUTH"):
            await portal.call("profile")
    assert at.sandbox.books.tokens == []


async def test_a_token_without_a_refresh_token_is_good_for_its_hour(at: Setting) -> None:
    told = at.there.tokens()
    del told["refresh_token"]
    async with Portal.oauth(at.domain, at.app, OAuthTokens.parse(told), limits=Limits.none()) as portal:
        assert (await portal.call("profile")).result["ID"] == "1"
        at.expire()
        for _ in range(2):
            with pytest.raises(AuthError, match="came without a refresh token"):
                await portal.call("profile")
    assert at.sandbox.books.tokens == []


# ------------------------------------------------------------------------------------------- nobody hangs or is lost


async def test_who_gives_up_waiting_does_not_take_the_refresh_from_the_others(at: Setting) -> None:
    at.store = store = TellingStore({at.domain: at.tokens})
    async with at.portal() as portal:
        await portal.call("profile")
        at.expire()
        at.sandbox.delays["oauth/token"] = 0.05
        calls = [asyncio.ensure_future(portal.run(call_of(portal, row))) for row in at.sandbox.ids("deal")[:20]]
        await store.asked_anew.wait()
        for call in calls[:10]:
            call.cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 10 + [dict] * 10
    assert at.sandbox.books.refreshes == 1


def call_of(portal: Portal, row: int) -> Callable[[], Any]:
    async def call() -> Any:
        return (await portal.call("crm.deal.get", {"id": row})).result

    return call


async def test_new_tokens_are_kept_even_if_nobody_waits_and_the_portal_is_closed(at: Setting) -> None:
    at.store = store = TellingStore({at.domain: at.tokens})
    async with at.portal() as portal:
        await portal.call("profile")
        at.expire()
        at.sandbox.delays["oauth/token"] = 0.05
        call = asyncio.ensure_future(portal.run(call_of(portal, at.sandbox.ids("deal")[0])))
        await store.asked_anew.wait()
        call.cancel()
    kept = at.store.load(at.domain)
    assert kept is not None
    assert kept.refresh_token != at.tokens.refresh_token
    assert [request.issued for request in at.sandbox.books.tokens] == [True]


@pytest.mark.parametrize("fault", ["token_unavailable", "token_reset", "token_html"])
async def test_an_authorization_server_in_trouble_is_asked_again(
    at: Setting, fault: str, hurried: HurriedClock
) -> None:
    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    at.sandbox.faults.add(fault, times=2)
    async with at.portal() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"
    assert [request.issued for request in at.sandbox.books.tokens] == [False, False, True]


async def test_an_authorization_server_that_is_down_is_told_to_all_and_not_remembered(
    at: Setting, hurried: HurriedClock
) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.expire()
        at.sandbox.faults.add("token_unavailable", times=3)
        writes = [{"id": row, "fields": {"TITLE": "x"}} for row in at.sandbox.ids("deal")]
        outcomes: list[Outcome] = await portal.call_many("crm.deal.update", writes)
        assert {outcome.status for outcome in outcomes} == {"not_executed"}
        for outcome in outcomes:
            assert isinstance(outcome.error, TransportError)
            assert not outcome.error.sent
            assert "no access token: HTTP 503" in str(outcome.error)
        assert (await portal.call("profile")).result["ID"] == "1"
    assert at.sandbox.books.writes == []


async def test_new_tokens_that_got_lost_on_their_way_are_a_clear_error(at: Setting, hurried: HurriedClock) -> None:
    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    at.sandbox.faults.add("token_lost")
    async with at.portal() as portal:
        with pytest.raises(AuthError, match="invalid_grant"):
            await portal.call("profile")
    assert [request.issued for request in at.sandbox.books.tokens] == [True, False]


async def test_a_write_whose_fate_is_unknown_stays_so_when_no_token_can_be_had(
    at: Setting, hurried: HurriedClock
) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.there.drop_refresh_tokens()
        at.sandbox.faults.add("reset_after", method="crm.deal.update")
        row = at.sandbox.ids("deal")[0]
        with pytest.raises(OutcomeUnknown):
            await portal.call("crm.deal.update", {"id": row, "fields": {"TITLE": "x"}})


async def test_a_bill_that_was_paid_lets_the_application_in_again(at: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    at.sandbox.faults.add("payment_required")
    async with at.portal() as portal:
        for _ in range(3):
            with pytest.raises(AuthError, match=r"PAYMENT_REQUIRED.*paid period is over"):
                await portal.call("profile")
        assert at.sandbox.books.refreshes == 1
        monkeypatch.setattr("b24orm.oauth.bearers._FORGIVEN", 0.0)
        portal._auth._refusal = (portal._auth._refusal[0], portal._auth._refusal[1], 0.0)  # type: ignore[attr-defined]
        assert (await portal.call("profile")).result["ID"] == "1"


async def test_files_travel_with_a_new_token_when_theirs_has_expired(at: Setting) -> None:
    async with at.portal() as portal:
        sent = {"id": 21, "data": {"NAME": "hello.txt"}, "fileContent": ["hello.txt", "aGVsbG8="]}
        file = (await portal.call("disk.folder.uploadfile", sent)).result
        at.expire()
        at.sandbox.faults.add("expired_token", method="download")
        assert await portal.download(file["DOWNLOAD_URL"]).read() == b"hello"
    assert at.sandbox.books.refreshes == 1


# ------------------------------------------------------------------------------------------------------- the store


async def test_what_another_process_has_renewed_is_used_instead_of_renewing_it_again(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        at.expire()
        at.store.save(at.domain, await at.app.refresh(at.tokens))
        assert (await portal.call("profile")).result["ID"] == "1"
    assert at.sandbox.books.refreshes == 1


async def test_who_comes_second_takes_what_the_first_has_saved(at: Setting) -> None:
    """Two processes at once, with a store that cannot lock: the second one's refresh token is spent already."""
    held = {at.domain: at.tokens}
    asked: list[str] = []

    async def load(portal: str) -> OAuthTokens | None:
        asked.append(portal)
        if len(asked) == 2:
            held[portal] = await at.app.refresh(at.tokens)  # the other one, while we are asking
            return at.tokens
        if len(asked) == 3:
            return at.tokens  # … and it has not saved them yet
        return held[portal]

    store = CallbackStore(load, held.__setitem__)
    async with Portal.oauth(at.domain, at.app, store, limits=Limits.none()) as portal:
        await portal.call("profile")
        at.expire()
        assert (await portal.call("profile")).result["ID"] == "1"
    assert [request.issued for request in at.sandbox.books.tokens] == [True, False]


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_portals_that_share_tokens_renew_them_once(at: Setting, kind: str, tmp_path: Path) -> None:
    stores: list[Any] = [at.store] * 4 if kind == "memory" else [FileStore(tmp_path / "t.json") for _ in range(4)]
    stores[0].save(at.domain, at.tokens)
    portals = [Portal.oauth(at.domain, at.app, store, limits=Limits.none()) for store in stores]
    for portal in portals:
        await portal.__aenter__()
    await asyncio.gather(*(portal.call("profile") for portal in portals))
    at.expire()
    at.sandbox.delays["oauth/token"] = 0.05
    await asyncio.gather(*(portal.call("profile") for portal in portals))
    for portal in reversed(portals):
        await portal.__aexit__(None, None, None)
    assert at.sandbox.books.refreshes == 1


async def test_portals_on_other_event_loops_share_the_renewal(at: Setting) -> None:
    def blocking() -> None:
        with at.portal() as portal:
            assert portal.call("profile").run_sync().result["ID"] == "1"

    at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
    at.sandbox.delays["oauth/token"] = 0.05
    async with at.portal() as portal:
        await asyncio.gather(portal.run(call_of(portal, at.sandbox.ids("deal")[0])), asyncio.to_thread(blocking))
    assert at.sandbox.books.refreshes == 1


async def test_plain_functions_of_a_store_may_block(at: Setting) -> None:
    threads: set[int] = set()
    held = {"mine": OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1})}

    def load(portal: str) -> OAuthTokens | None:
        threads.add(threading.get_ident())
        return held.get(portal)

    def save(portal: str, tokens: OAuthTokens) -> None:
        threads.add(threading.get_ident())
        held[portal] = tokens

    async with Portal.oauth(at.domain, at.app, CallbackStore(load, save), key="mine", limits=Limits.none()) as portal:
        await portal.call("profile")
    assert threading.get_ident() not in threads
    assert held["mine"].refresh_token != at.tokens.refresh_token


async def test_a_store_that_does_not_take_the_new_tokens_is_offered_them_again(
    at: Setting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24orm.oauth.bearers._SAVED_AGAIN", 0.0)
    held = {at.domain: OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1})}
    refuses = [True, True]

    def save(portal: str, tokens: OAuthTokens) -> None:
        if refuses.pop() if refuses else False:
            raise OSError(f"disk full, {tokens.access_token.reveal()}")
        held[portal] = tokens

    store = CallbackStore(held.get, save)
    with caplog.at_level(logging.DEBUG):
        async with Portal.oauth(at.domain, at.app, store, limits=Limits.none()) as portal:
            for _ in range(4):
                assert (await portal.call("profile")).result["ID"] == "1"
    assert at.sandbox.books.refreshes == 1
    assert held[at.domain].refresh_token != at.tokens.refresh_token
    assert "did not take the new tokens; they are lost if this goes on: OSError" in caplog.text
    assert held[at.domain].access_token.reveal() not in caplog.text


async def test_a_store_that_fails_is_a_clear_error(at: Setting) -> None:
    def fails(portal: str) -> OAuthTokens | None:
        raise LookupError(portal)

    async with Portal.oauth(at.domain, at.app, CallbackStore(fails, at.store.save)) as portal:
        with pytest.raises(ConfigurationError, match="token store failed: LookupError"):
            await portal.call("profile")
    wrong: Any = CallbackStore(lambda portal: {"access_token": "x"}, at.store.save)  # type: ignore[arg-type,return-value]
    async with Portal.oauth(at.domain, at.app, wrong) as portal:
        with pytest.raises(ConfigurationError, match="gave dict instead of OAuthTokens"):
            await portal.call("profile")
    async with Portal.oauth(at.domain, at.app, MemoryStore()) as portal:
        with pytest.raises(ConfigurationError, match=f"holds no tokens of {at.domain}"):
            await portal.call("profile")


# ------------------------------------------------------------------------------------------------- another address


async def test_a_portal_that_was_renamed_is_followed_and_the_store_learns_it(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        new = at.sandbox.rename()
        await asyncio.gather(*hundred(portal, at))
        kept = at.store.load(at.domain)
        assert kept is not None
        assert kept.client_endpoint == f"http://{new}/rest/"
        assert kept.domain == new
        assert kept.refresh_token == at.tokens.refresh_token
        assert new in repr(portal)
    at.sandbox.books.reset()
    async with at.portal() as portal:  # by its old name
        await portal.call("profile")
    assert [record.status for record in at.sandbox.books.log] == [200]


async def test_a_refresh_tells_the_new_address_as_well(at: Setting) -> None:
    async with at.portal() as portal:
        await portal.call("profile")
        new = at.sandbox.rename()
        at.store.save(at.domain, OAuthTokens.parse({**at.tokens.as_dict(), "expires": 1}))
        at.expire()
        portal._auth.rejected(at.tokens.access_token)
        await portal.call("profile")
        assert [record.status for record in at.sandbox.books.log] == [200]
        assert new in repr(portal)


# ----------------------------------------------------------------------------------------------------- many portals


async def test_many_portals_have_tokens_and_limits_of_their_own() -> None:
    async with Sandbox(deals=3, seed=1) as one, Sandbox(deals=3, seed=2) as two:
        first, second = Setting(one), Setting(two)
        app = first.app
        store = MemoryStore({first.domain: first.tokens, second.domain: second.tokens})
        limits = Limits(rate=1.0, burst=1)
        async with Portal.oauth(one.domain, app, store, limits=limits) as a:
            async with Portal.oauth(two.domain, second.app, store, limits=limits) as b:
                await asyncio.gather(a.call("profile"), b.call("profile"))
                one.advance(HOUR)
                await asyncio.gather(b.call("profile"), b.call("app.info"))
                info = (await a.call("app.info")).result
        assert info["CODE"] == app.client_id
        assert (one.books.refreshes, two.books.refreshes) == (1, 0)
        assert (a.stats.requests, b.stats.requests) == (3, 2)
        assert store.load(second.domain) == second.tokens


# ----------------------------------------------------------------------------------------------------- a function


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_function_gives_the_token_and_is_asked_again_when_it_has_expired(at: Setting, kind: str) -> None:
    given: list[int] = []

    def plain() -> str:
        given.append(threading.get_ident())
        token: str = at.there.tokens()["access_token"]
        return token

    async def other() -> str:
        return plain()

    function = plain if kind == "plain" else other
    async with Portal(f"http://{at.domain}/rest/", token_func=function, limits=Limits.none()) as portal:
        assert given == []
        await portal.call("profile")
        at.expire()
        answers = await asyncio.gather(*hundred(portal, at))
    assert len(answers) == 100
    assert len(given) == 2
    assert (threading.get_ident() in given) is (kind == "async")
    assert at.sandbox.books.tokens == []


async def test_a_function_that_gives_the_same_token_again_is_told_to_all(at: Setting) -> None:
    token = at.there.tokens()["access_token"]
    async with Portal(at.domain, token_func=lambda: token, limits=Limits.none()) as portal:
        await portal.call("profile")
        at.expire()
        answers = await asyncio.gather(*hundred(portal, at), return_exceptions=True)
    assert {str(answer) for answer in answers} == {
        "expired_token: the portal refuses the token, and token_func gives the same one again (HTTP 401)"
    }


async def test_a_function_that_fails_or_gives_no_text_is_a_clear_error(at: Setting) -> None:
    def fails() -> str:
        raise OSError("down")

    def refuses() -> str:
        raise AuthError("invalid_grant", status=400)

    for function, message in ((fails, "token_func failed: OSError"), (refuses, "invalid_grant")):
        async with Portal(at.domain, token_func=function) as portal:
            with pytest.raises(B24OrmError, match=message):
                await portal.call("profile")
    for value in (None, "", 5):
        async with Portal(at.domain, token_func=lambda: value) as portal:  # type: ignore[arg-type,return-value] # noqa: B023
            with pytest.raises(ConfigurationError, match="must give the access token"):
                await portal.call("profile")


# ------------------------------------------------------------------------------------------------------- blocking


def test_blocking_programs_exchange_a_code_and_call(tmp_path: Path) -> None:
    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        app = OAuthApp(there.client_id, there.client_secret, auth_server=sandbox.auth_server)
        store = FileStore(tmp_path / "tokens.json")
        store.save(sandbox.domain, app.exchange(there.code()).run_sync())
        with Portal.oauth(sandbox.domain, app, store, limits=Limits.none()) as portal:
            assert portal.call("profile").run_sync().result["ID"] == "1"
            sandbox.advance(HOUR)
            assert len(list(Deal.objects)) == 3
        assert sandbox.books.refreshes == 1


def test_an_application_can_be_the_default_portal() -> None:
    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        portal = connect(f"http://{sandbox.domain}", token_func=lambda: there.tokens()["access_token"])
        try:
            assert Deal.objects.count().run_sync() == 3
        finally:
            portal.close()
            default_portal.portal = None


# ------------------------------------------------------------------------------------------------- wrong arguments


def test_arguments_that_cannot_be_right_are_refused_before_anything_is_sent() -> None:
    app, tokens = OAuthApp("local.x", "secret"), OAuthTokens.parse({"access_token": "a"})
    wrong: Any
    for wrong, message in (
        (("http://my.bitrix24.ru", app, tokens), "plain http would send the token to my.bitrix24.ru"),
        (("https://my.bitrix24.ru/rest/1/code/", app, tokens), "has more to it than a portal's name"),
        (("", app, tokens), "no portal's address"),
        (("my.bitrix24.ru", "local.x", tokens), "app is an OAuthApp"),
        (("my.bitrix24.ru", app, {"access_token": "a"}), "not dict"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            Portal.oauth(*wrong)
    not_callable: Any = "token"
    with pytest.raises(ConfigurationError, match="token_func is a function"):
        Portal("my.bitrix24.ru", token_func=not_callable)
    with pytest.raises(ConfigurationError, match="limits is a Limits"):
        Portal.oauth("my.bitrix24.ru", app, tokens, limits=2)


# --------------------------------------------------------------------------------------------------------- secrets


async def test_no_secret_of_any_time_is_seen_anywhere(at: Setting, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens that were, tokens that are, the key, and the portal quoting them."""
    seen = [secret.reveal() for secret in (*at.tokens.secrets, at.app.client_secret)]
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG):
        async with at.portal() as portal:
            for _ in range(3):
                await portal.call("profile")
                at.expire()
                await portal.call("profile")
                kept = at.store.load(at.domain)
                assert kept is not None
                seen += [secret.reveal() for secret in kept.secrets]
            for secret in seen:
                at.sandbox.faults.add("server_error", method="crm.deal.add", text=f"you sent {secret}")
                at.sandbox.faults.add("command_error", method="crm.deal.update", text=f"you sent {secret}")
                for call in (
                    portal.call("crm.deal.add", {"fields": {}}),
                    portal.batch({"a": ("crm.deal.update", {"id": 1})}),
                ):
                    try:
                        shown.append(repr(await call))
                    except B24OrmError as error:
                        traced = traceback.TracebackException.from_exception(error, capture_locals=True)
                        # The frames below this one, whose own locals hold them of course.
                        traced.stack[:] = [frame for frame in traced.stack if "test_oauth" not in frame.filename]
                        shown.append("".join(traced.format()))
            at.there.drop_refresh_tokens()
            at.expire()
            with pytest.raises(AuthError) as caught:
                await portal.call("profile")
            traced = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
            shown += ["".join(traced.format()).split("in run", 1)[-1], repr(portal), repr(portal._auth), repr(kept)]
    shown.append(caplog.text)
    assert sum("***" in text for text in shown) >= 2 * len(seen)
    for secret in seen:
        assert [text for text in shown if secret in text] == []
