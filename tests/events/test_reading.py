"""From bodies to events: the shapes of the documentation, the gaps in them, and what is refused."""

from __future__ import annotations

import contextlib
import json
import pickle
import traceback
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24orm.errors import InvalidEvent
from b24orm.events import Event, EventAuth, OnCrmDealAdd, event_class, event_of, parse_event
from b24orm.events import catalogue as events
from b24orm.events.base import RowEvent
from b24orm.events.reading import MAX_BODY
from b24orm.transport import Secret

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
TOKEN = "51856fefc120afa4b628cc82d3935cce"
ACCESS = "s6p6eclrvim6da22ft9ch94ekreb52lv"
AUTH = {
    "access_token": ACCESS,
    "expires_in": "3600",
    "scope": "crm,entity im",
    "domain": "some-domain.bitrix24.com",
    "server_endpoint": "https://oauth.bitrix.info/rest/",
    "status": "L",
    "client_endpoint": "https://some-domain.bitrix24.com/rest/",
    "member_id": "d897063e1ce7c5eb9f04b9751eef5915",
    "application_token": TOKEN,
}


def form(event: str, data: dict[str, str], **more: str) -> bytes:
    fields = {"event": event, **data, **more, **{f"auth[{key}]": value for key, value in AUTH.items()}}
    return urlencode(fields).encode()


def test_the_form_of_an_application_is_read_whole() -> None:
    body = form("ONCRMDEALADD", {"data[FIELDS][ID]": "7405"}, event_handler_id="185", ts="1766047124")
    event = parse_event(body, FORM)
    assert isinstance(event, OnCrmDealAdd)
    assert (event.name, event.id, event.handler_id) == ("ONCRMDEALADD", 7405, 185)
    assert event.sent == datetime(2025, 12, 18, 8, 38, 44, tzinfo=UTC)
    assert event.auth == EventAuth(
        application_token=Secret(TOKEN),
        domain="some-domain.bitrix24.com",
        member_id="d897063e1ce7c5eb9f04b9751eef5915",
        client_endpoint="https://some-domain.bitrix24.com/rest/",
        server_endpoint="https://oauth.bitrix.info/rest/",
        access_token=Secret(ACCESS),
        expires_in=3600,
        scope=("crm", "entity", "im"),
        status="L",
    )


def test_json_of_the_same_shape_is_the_same_event_with_numbers_or_texts() -> None:
    said = {"event": "onCrmDealAdd", "data": {"FIELDS": {"ID": 7405}}, "ts": 1766047124, "auth": AUTH}
    for text in (json.dumps(said), json.dumps(said).encode()):
        event = parse_event(text, "application/json")
        assert isinstance(event, OnCrmDealAdd)
        assert event.id == 7405
        assert event.auth.domain == "some-domain.bitrix24.com"
    assert isinstance(parse_event(json.dumps(said)), OnCrmDealAdd)
    assert isinstance(parse_event(form("ONCRMDEALADD", {"data[FIELDS][ID]": "1"})), OnCrmDealAdd)


def test_an_outgoing_webhook_brings_no_tokens_of_a_user() -> None:
    event = parse_event(b"event=ONCRMDEALADD&data%5BFIELDS%5D%5BID%5D=7405&auth%5Bapplication_token%5D=abc", FORM)
    assert event.auth.application_token == Secret("abc")
    assert event.auth.access_token is None
    assert event.auth.scope == ()
    assert event.ts is None
    assert event.sent is None
    assert event.handler_id is None


@pytest.mark.parametrize("name", ["onCrmActivityAdd", "ONCRMACTIVITYADD", " oncrmactivityadd "])
def test_names_are_known_in_any_case(name: str) -> None:
    event = parse_event(form(name, {"data[FIELDS][ID]": "1"}), FORM)
    assert type(event) is events.OnCrmActivityAdd
    assert event.name == "ONCRMACTIVITYADD"


def test_the_event_of_one_smart_process_keeps_its_own_name() -> None:
    data = {"data[FIELDS][ID]": "1", "data[FIELDS][ENTITY_TYPE_ID]": "147"}
    event = parse_event(form("ONCRMDYNAMICITEMADD_147", data), FORM)
    assert isinstance(event, events.OnCrmDynamicItemAdd)
    assert (event.name, event.entity_type_id) == ("ONCRMDYNAMICITEMADD_147", 147)
    assert event_class("oncrmdynamicitemdelete_31") is events.OnCrmDynamicItemDelete


def test_an_event_that_nobody_documents_is_one_all_the_same() -> None:
    event = parse_event(form("ONSOMETHINGNEW", {"data[a][]": "1"}), FORM)
    assert type(event) is Event
    assert event.data == {"a": ["1"]}
    assert event_class("ONSOMETHINGNEW") is Event
    assert repr(event) == "<Event ONSOMETHINGNEW of some-domain.bitrix24.com>"


# One body for each shape that payloads have: sections 9 and 10 of the events' documentation.
SHAPES: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("ONCRMTIMELINECOMMENTADD", {"data[ID]": "5"}, {"id": 5}),
    ("ONBOOKINGADD", {"data[ID]": "66"}, {"id": 66}),
    ("ONCALENDARENTRYADD", {"data[id]": "8"}, {"id": 8}),
    ("ONCRMCURRENCYADD", {"data[FIELDS][ID]": "EUR"}, {"id": "EUR"}),
    (
        "ONTASKADD",
        {
            "data[FIELDS_BEFORE]": "undefined",
            "data[FIELDS_AFTER][ID]": "123",
            "data[IS_ACCESSIBLE_BEFORE]": "N",
            "data[IS_ACCESSIBLE_AFTER]": "undefined",
        },
        {"id": 123, "was_accessible": False, "is_accessible": None},
    ),
    ("ONTASKUPDATE", {"data[FIELDS_BEFORE][ID]": "1", "data[FIELDS_AFTER][ID]": "2"}, {"id": 2}),
    ("ONTASKDELETE", {"data[FIELDS_BEFORE][ID]": "9", "data[FIELDS_AFTER]": "undefined"}, {"id": 9}),
    (
        "ONTASKCOMMENTADD",
        {
            "data[FIELDS_AFTER][ID]": "0",
            "data[FIELDS_AFTER][TASK_ID]": "4",
            "data[FIELDS_AFTER][MESSAGE_ID]": "77",
        },
        {"id": 0, "task_id": 4, "message_id": 77},
    ),
    (
        "ONCRMADDRESSREGISTER",
        {"data[FIELDS][TYPE_ID]": "1", "data[FIELDS][ENTITY_ID]": "2", "data[FIELDS][ANCHOR_ID]": ""},
        {"type_id": 1, "entity_id": 2, "anchor_id": None},
    ),
    ("ONLIVEFEEDPOSTADD", {"data[FIELDS][POST_ID]": "3"}, {"post_id": 3}),
    (
        "ONCRMDEALUSERFIELDADD",
        {
            "data[FIELDS][ID]": "3",
            "data[FIELDS][ENTITY_ID]": "CRM_DEAL",
            "data[FIELDS][FIELD_NAME]": "UF_CRM_1",
        },
        {"id": 3, "entity_id": "CRM_DEAL", "field_name": "UF_CRM_1"},
    ),
    ("ONIMCONNECTORLINEDELETE", {"data": "107"}, {"data": "107"}),
    ("ONOFFLINEEVENT", {}, {"data": {}}),
    ("ONAPPINSTALL", {"data[VERSION]": "1", "data[ACTIVE]": "Y"}, {"version": "1", "active": True, "installed": None}),
    ("ONAPPUNINSTALL", {"data[LANGUAGE_ID]": "de", "data[CLEAN]": "1"}, {"language_id": "de", "clean": True}),
    ("ONAPPPAYMENT", {"data[DAYS]": "-3", "data[PAYMENT_EXPIRED]": "Y"}, {"days": -3, "payment_expired": True}),
    ("ONAPPTEST", {"data[QUERY][any]": "data"}, {"query": {"any": "data"}}),
    (
        "ONUSERADD",
        {"data[ID]": "7", "data[NAME]": "Ada", "data[ACTIVE]": "N", "data[UF_DEPARTMENT][0]": "1"},
        {"id": 7, "first_name": "Ada", "active": False, "uf_department": ["1"], "email": None},
    ),
    ("CATALOG.PRODUCT.ON.ADD", {"data[FIELDS][ID]": "4", "data[FIELDS][TYPE]": "1"}, {"id": 4, "type": 1}),
]


@pytest.mark.parametrize(("name", "data", "values"), SHAPES, ids=[name for name, _, _ in SHAPES])
def test_values_are_found_where_each_kind_of_event_has_them(
    name: str, data: dict[str, str], values: dict[str, Any]
) -> None:
    event = parse_event(form(name, data), FORM)
    assert type(event) is events.CATALOGUE[name]
    assert {attribute: getattr(event, attribute) for attribute in values} == values


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"", FORM, "names no event"),
        (b"event=", FORM, "names no event"),
        (b"event[a]=1", FORM, "names no event"),
        (b"event=ON%20X", FORM, "names no event"),
        (b"event=1ON", FORM, "names no event"),
        (b"event=" + b"A" * 200, FORM, "names no event"),
        (b"event=ONCRMDEALADD", FORM, r"ONCRMDEALADD lacks FIELDS\.ID"),
        (b"event=ONCRMDEALADD&data[FIELDS][ID]=", FORM, r"lacks FIELDS\.ID"),
        (b"event=ONCRMDEALADD&data[FIELDS][ID]=x", FORM, "id cannot be 'x'"),
        (b"event=ONCRMDEALADD&data[FIELDS][ID][a]=1", FORM, "id cannot be"),
        (b"event=ONCRMDEALADD&data=undefined", FORM, "lacks"),
        (b"event=ONTASKADD&data[FIELDS_AFTER]=undefined", FORM, r"lacks FIELDS_AFTER\.ID or FIELDS_BEFORE\.ID"),
        (b"event=ONOFFLINEEVENT&auth=x", FORM, "auth is no map"),
        (b"event=ONOFFLINEEVENT&auth[domain][a]=x", FORM, "auth.domain is no text"),
        (b"event=ONOFFLINEEVENT&ts=soon", FORM, "ts is no number"),
        (b"event=ONOFFLINEEVENT&event_handler_id[a]=1", FORM, "event_handler_id is no number"),
        (b"event=ONOFFLINEEVENT&auth[expires_in]=1e9", FORM, "expires_in is no number"),
        (b"{", "application/json", "not JSON"),
        (b"\xff", "application/json", "not JSON"),
        (b'{"event": NaN}', "application/json", "not JSON"),
        (b"[" * 5000, "application/json", "not JSON"),
        (b"[]", "application/json", "no map"),
        (b'{"event": "ONX", "data": ' + b"[" * 30 + b"]" * 30 + b"}", "application/json", "levels deep"),
        (b'{"event": 1}', "application/json", "names no event"),
        (b"<xml/>", "text/xml", "neither a form nor JSON"),
        (b"x", "multipart/form-data; boundary=x", "neither a form nor JSON"),
        (b"a=" + b"x" * MAX_BODY, FORM, "bytes"),
    ],
)
def test_a_body_that_is_no_event_is_refused_with_the_reason(body: bytes, kind: str, why: str) -> None:
    with pytest.raises(InvalidEvent, match=why):
        parse_event(body, kind)
    with pytest.raises(InvalidEvent):
        event_of("not a map")


@given(st.binary(max_size=300), st.sampled_from(["", FORM, "application/json", "text/plain"]))
def test_no_body_whatever_fails_otherwise_than_as_no_event(body: bytes, kind: str) -> None:
    with contextlib.suppress(InvalidEvent):
        assert parse_event(body, kind).name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from(sorted(events.CATALOGUE)) | JSON},
        optional={
            "data": JSON | st.fixed_dictionaries({"FIELDS": JSON | st.fixed_dictionaries({"ID": JSON})}),
            "auth": JSON,
            "ts": JSON,
            "event_handler_id": JSON,
        },
    )
)
def test_no_json_whatever_fails_otherwise_than_as_no_event(said: dict[str, Any]) -> None:
    try:
        event = event_of(said)
    except InvalidEvent:
        return
    assert repr(event)
    for name in dir(type(event)):
        if not name.startswith("_") and name not in ("object",):
            try:
                getattr(event, name)
            except InvalidEvent as error:
                assert event.name in str(error)  # noqa: PT017


def test_no_token_shows_itself_in_an_event_nor_in_an_error() -> None:
    body = form(
        "ONIMBOTMESSAGEADD",
        {"data[BOT][571][access_token]": "bot-secret", "data[BOT][571][AUTH][refresh_token]": "bot-secret"},
        ts="x bot-secret",
    )
    with pytest.raises(InvalidEvent) as caught:
        parse_event(body, FORM)
    event = parse_event(body.replace(b"x+bot-secret", b"1"), FORM)
    assert event.data["BOT"]["571"]["access_token"] == Secret("bot-secret")
    confirm = parse_event(form("ONAPPMETHODCONFIRM", {"data[TOKEN]": "bot-secret", "data[CONFIRMED]": "0"}), FORM)
    assert isinstance(confirm, events.OnAppMethodConfirm)
    assert confirm.token == Secret("bot-secret")
    assert confirm.confirmed is False
    shown = [repr(one) for one in (event, event.data, event.auth, confirm, confirm.data)]
    shown += traceback.format_exception(caught.value)
    for secret in ("bot-secret", TOKEN, ACCESS):
        assert all(secret not in text for text in shown)
    with pytest.raises(InvalidEvent, match=r"token cannot be"):
        _ = events.OnAppMethodConfirm({"TOKEN": ["no text"]}).token


def test_values_that_cannot_be_read_say_which_they_are() -> None:
    event = parse_event(form("ONVOXIMPLANTCALLSTART", {"data[USER_ID]": "me"}), FORM)
    with pytest.raises(InvalidEvent, match="ONVOXIMPLANTCALLSTART: user_id cannot be 'me'"):
        _ = event.user_id  # type: ignore[attr-defined]
    with pytest.raises(InvalidEvent, match="active cannot be 'maybe'"):
        _ = events.OnAppInstall({"ACTIVE": "maybe"}).active
    with pytest.raises(InvalidEvent, match="version cannot be"):
        _ = events.OnAppInstall({"VERSION": {"a": 1}}).version
    assert events.OnAppInstall({"ACTIVE": True, "VERSION": 3}).active is True
    assert pickle.loads(pickle.dumps(refusal())).args == refusal().args


def refusal() -> InvalidEvent:
    return InvalidEvent("no event")


def test_events_can_be_made_by_hand_for_tests() -> None:
    event = OnCrmDealAdd({"FIELDS": {"ID": 5}})
    assert (event.id, event.name, event.auth) == (5, "ONCRMDEALADD", EventAuth())
    assert repr(event) == "<OnCrmDealAdd ONCRMDEALADD id=5 of an unknown portal>"
    assert repr(OnCrmDealAdd()) == "<OnCrmDealAdd ONCRMDEALADD of an unknown portal>"


def test_every_documented_event_has_a_class_that_is_found_by_its_name() -> None:
    assert len(events.CATALOGUE) == 208
    for name, kind in events.CATALOGUE.items():
        assert kind.event == name == name.upper()
        assert event_class(name.lower()) is kind
        assert kind.__name__ in events.__all__
        assert kind.__doc__ is not None
        assert f"``{name}``" in kind.__doc__
        assert "https://apidocs.bitrix24.com/" in kind.__doc__


def test_events_that_are_about_a_row_name_an_entity_that_can_be_fetched_by_id() -> None:
    import b24orm

    fetched = 0
    for kind in events.CATALOGUE.values():
        if not issubclass(kind, RowEvent):
            continue
        fields = {"ID": 5, "ENTITY_TYPE_ID": 156, "TASK_ID": 4}
        event = kind({"FIELDS": fields, "FIELDS_AFTER": fields, "ID": 5, "id": 5})
        op = event.object()
        assert op.explain().first, kind
        assert not kind.__name__.endswith(("Delete", "Deleted"))
        fetched += 1
    assert fetched > 60
    invoice = events.OnCrmDynamicItemUpdate({"FIELDS": {"ID": 5, "ENTITY_TYPE_ID": 31}})
    assert invoice.object().explain().first[0].params["entityTypeId"] == 31
    process = events.OnCrmDynamicItemUpdate({"FIELDS": {"ID": 5, "ENTITY_TYPE_ID": 156}})
    assert process.object().explain().first[0].params["entityTypeId"] == 156

    class MyDeal(b24orm.Deal):
        pass

    assert OnCrmDealAdd({"FIELDS": {"ID": 5}}).object(MyDeal).explain().first[0].params["id"] == 5
