from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.batch import BatchRun, resolve


async def _batch(call: Any, portal: Sandbox, cmd: Any, **more: Any) -> dict[str, Any]:
    answer = await call(portal, "batch", {"cmd": cmd, **more})
    assert answer["status"] == 200
    result: dict[str, Any] = answer["result"]
    return result


async def test_results_are_keyed_like_the_commands(portal: Sandbox, call: Any) -> None:
    result = await _batch(call, portal, {"a": "scope", "b": "crm.contact.list", "c": "crm.contact.list?start=-1"})
    assert list(result["result"]) == ["a", "b", "c"]
    assert result["result_error"] == []
    assert result["result_total"] == {"b": len(portal.ids("contact")), "c": 0}
    assert result["result_next"] == {"b": 50}
    assert set(result["result_time"]) == {"a", "b", "c"}
    assert "duration" in result["result_time"]["a"]


async def test_php_arrays_make_lists_of_keys_0_to_n(portal: Sandbox, call: Any) -> None:
    result = await _batch(call, portal, ["scope", "methods"])
    assert isinstance(result["result"], list)
    assert isinstance(result["result_time"], list)
    result = await _batch(call, portal, {"0": "crm.item.list?entityTypeId=2"})
    assert len(result["result"][0]["items"]) == 50
    assert result["result_total"] == [600]
    result = await _batch(call, portal, ["scope", "nope", "methods"])
    assert set(result["result"]) == {"0", "2"}  # a hole makes it a map
    assert set(result["result_error"]) == {"1"}
    result = await _batch(call, portal, {})
    assert result == {key: [] for key in result}


async def test_a_failed_command_has_an_error_and_nothing_else(portal: Sandbox, call: Any) -> None:
    result = await _batch(call, portal, {"a": "no.such", "b": "crm.deal.get?id=999999999", "c": "scope"})
    assert result["result_error"] == {
        "a": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
        "b": {"error": "", "error_description": "Not found"},
    }
    assert set(result["result_time"]) == set(result["result"]) == {"c"}


@pytest.mark.parametrize(
    ("halt", "stops"), [(1, True), ("1", True), (True, True), ("false", True), (0, False), ("0", False)]
)
async def test_halt_is_a_php_truth(portal: Sandbox, call: Any, halt: Any, stops: bool) -> None:
    result = await _batch(call, portal, {"a": "scope", "b": "no.such", "c": "scope"}, halt=halt)
    assert ("c" in result["result"]) is not stops


async def test_names_of_parameters_are_free_in_case(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    url = portal.url + "batch.json?" + urlencode({"CMD[a]": "no.such", "CMD[b]": "scope", "Halt": "1"})
    async with http.get(url) as response:
        result = (await response.json())["result"]
    assert set(result["result_error"]) == {"a"}
    assert result["result"] == []


async def test_batches_do_not_nest_and_hold_50_commands(portal: Sandbox, call: Any) -> None:
    result = await _batch(call, portal, {"a": "batch?cmd[x]=scope", "b": "upload", "c": "download"})
    assert set(result["result_error"]) == {"a", "b", "c"}
    assert {e["error"] for e in result["result_error"].values()} == {"ERROR_BATCH_METHOD_NOT_ALLOWED"}
    portal.books.reset()
    result = await _batch(call, portal, {f"c{n}": 5 if n in {0, 51} else "scope" for n in range(53)})
    assert len(result["result"]) == 49  # what is no text is skipped, yet counted, and too many are too many
    assert {key: e["error"] for key, e in result["result_error"].items()} == dict.fromkeys(
        ("c50", "c51", "c52"), "ERROR_BATCH_LENGTH_EXCEEDED"
    )
    assert portal.books.commands == 49


async def test_commands_are_read_as_urls(portal: Sandbox, call: Any) -> None:
    first = portal.ids("deal")[0]
    result = await _batch(
        call,
        portal,
        {
            "a": f"CRM.Item.List?entityTypeId=2&filter[%3Eid]={first}&select[]=id&order[id]=ASC&start=-1",
            "b": f"crm.item.list?entityTypeId=2&filter[>=id]={first}",
            "c": "crm.item.list?entityTypeId=2#&select[]=id",
        },
    )
    assert result["result"]["a"]["items"][0]["id"] == portal.ids("deal")[1]
    assert result["result"]["b"]["items"]  # an "=" inside a key ends it, and there is no filter
    assert len(result["result"]["c"]["items"][0]) > 5


async def test_awkward_values_survive_a_batch(small: Sandbox, call: Any) -> None:
    text = 'a&b=c+d#e[f]%20"g"\n\r\n€ 🤝 ж'
    result = await _batch(call, small, {"a": f"crm.deal.add?fields[TITLE]={quote(text, safe='')}"})
    assert (small.row("deal", result["result"]["a"]) or {})["title"] == text


async def test_a_chain_of_pages_reads_on_from_the_last_id(portal: Sandbox, call: Any) -> None:
    head = "crm.item.list?entityTypeId=2&select[]=id&order[id]=ASC&start=-1"
    cmd = {"p0": head}
    for n in range(1, 14):
        cmd[f"p{n}"] = f"{head}&filter[%3Eid]=$result[p{n - 1}][items][49][id]"
    portal.books.reset()
    result = await _batch(call, portal, cmd)
    assert portal.books.rows == 600
    ids = [row["id"] for page in result["result"].values() for row in page["items"]]
    assert ids == portal.ids("deal")
    # 600 rows are 12 full pages and an empty one; what leans on the empty one gets an array and is refused.
    assert {key: error["error"] for key, error in result["result_error"].items()} == {"p13": "INVALID_ARG_VALUE"}


async def test_an_overshot_classic_chain_reads_rows_again(portal: Sandbox, call: Any) -> None:
    head = "crm.contact.list?select[]=ID&order[ID]=ASC&start=-1"
    last = portal.ids("contact")[-1]
    cmd = {
        "a": f"{head}&filter[%3EID]={last - 1}",
        "b": f"{head}&filter[%3EID]=$result[a][49][ID]",
        "c": f"{head}&filter[%3EID]=$result[x]",
    }
    cmd |= {"d": f"{head}&filter[ID]=0", "e": f"{head}&filter[%3EID]=$result[d][49][ID]"}
    portal.books.reset()
    result = (await _batch(call, portal, cmd))["result"]
    assert portal.books.rows == 1 + 50 + 50 + 0 + 50
    assert portal.books.method_rows == {"crm.contact.list": 151}
    ids = [str(i) for i in portal.ids("contact")]
    assert [row["ID"] for row in result["a"]] == ids[-1:]
    assert [row["ID"] for row in result["b"]] == ids[:50]  # a list of rows reads as 1
    assert [row["ID"] for row in result["c"]] == ids[:50]  # so does the map of all results
    assert [row["ID"] for row in result["e"]] == ids[:50]  # and an empty list is no condition


async def test_macros_reach_totals_and_times_but_not_keys(portal: Sandbox, call: Any) -> None:
    total = len(portal.ids("contact"))
    cmd = {
        "a": "crm.contact.list",
        "b": "crm.contact.list?start=$next[a]",
        "c": "crm.item.list?entityTypeId=2&filter[id]=$total[a]",
        "d": "user.get?$result[a]=1",
    }
    result = await _batch(call, portal, cmd)
    assert result["result_next"]["b"] == 100
    assert total == result["result_total"]["a"]
    assert [row["id"] for row in result["result"]["c"]["items"]] == [i for i in portal.ids("deal") if i == total]


def _done() -> BatchRun:
    done = BatchRun()
    done.result |= {
        "n": 15,
        "f": 1.5,
        "yes": True,
        "s": "text",
        "row": {"ID": "7", "none": None, "list": [1, 2]},
        "rows": [{"ID": "8"}],
        "empty": [],
    }
    done.error["bad"] = {"error": "CODE"}
    return done


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("costs $5", "costs $5"),
        ("$result[n]", 15),
        ("$result[row][ID]", "7"),
        ("$result[rows][0][ID]", "8"),
        ("$result[row][list]", [1, 2]),
        ("$result[row][list][1]", 2),
        ("$result[row][none]", {"ID": "7", "none": None, "list": [1, 2]}),  # null is as good as absent
        ("$result[rows][0][none][x]", {"ID": "8"}),
        ("$result[s][1]", "e"),  # a character of a text
        ("$result[s][9]", "text"),
        ("$error[bad][error]", "CODE"),
        ("$result[rows][5][ID]", [{"ID": "8"}]),  # the list of rows
        ("$result[rows][x]", [{"ID": "8"}]),
        ("$result[empty][0][ID]", []),
        ("$result[n][deeper]", 15),
        ("$result[row][ID]lost", "7"),
        ("id $result[row][ID] and $result[n]", "id 7 and 15"),
        ("id $result[row][ID], lost", "id 7 lost"),
        ("$result[row][ID]$result[n]", "7"),  # two macros need a space between them
        ("$result[f] and $result[yes]", "1.5 and $result[yes]"),  # of what is embedded, numbers are put in, not true
        ("no $result[row] no", "no $result[row] no"),
        ({"k": ["$result[n]", {"$result[n]": 1}]}, {"k": {"0": 15, "1": {"$result[n]": 1}}}),
        (5, 5),
    ],
)  # fmt: skip
def test_a_macro_yields_the_deepest_value_it_reaches(text: Any, expected: Any) -> None:
    assert resolve(text, _done()) == expected


def test_a_missing_key_yields_the_whole_map_of_results() -> None:
    done = _done()
    assert resolve("$result[missing][0]", done) == done.result


async def test_a_chained_lookup_of_an_empty_field_hands_on_the_whole_row(small: Sandbox, call: Any) -> None:
    alone = small.insert("deal", title="alone", company_id=None)
    cmd = {"a": f"crm.deal.get?id={alone}", "b": "crm.company.list?filter[ID]=$result[a][COMPANY_ID]&select[]=ID"}
    result = await _batch(call, small, cmd)
    # The row reads as a list of ids, one of which a company may well have.
    row = result["result"]["a"]
    assert row["COMPANY_ID"] in (None, "0")
    numbers = {int(v) for v in row.values() if isinstance(v, str) and v.isascii() and v.isdigit()}
    assert {int(one["ID"]) for one in result["result"]["b"]} <= numbers


async def test_macros_of_errors_and_times_work_over_http(portal: Sandbox, call: Any) -> None:
    cmd = {
        "a": "no.such",
        "b": "crm.contact.list?filter[NAME]=$error[a][error]",
        "c": "server.time",
        "d": "crm.item.list?entityTypeId=2&filter[%3EcreatedTime]=$time[c][date_start]",
    }
    result = await _batch(call, portal, cmd)
    assert result["result_total"] == {"b": 0, "d": 0}


async def test_commands_come_as_a_list_by_get_and_carry_no_authorization_of_their_own(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    commands = {"cmd[0]": "scope", "cmd[1]": "user.get?ID=1&auth=x&access_token=y"}
    async with http.get(portal.url + "batch?" + urlencode(commands)) as response:
        result = (await response.json())["result"]
    assert [row["ID"] for row in result["result"][1]] == ["1"]


async def test_halt_stops_at_a_method_that_is_out_of_time(call: Any) -> None:
    async with Sandbox(deals=5, users=2, limits=Limits(rate=1000, operating=10)) as sandbox:
        sandbox.costs["scope"] = 11
        await call(sandbox, "scope")
        result = await _batch(call, sandbox, {"a": "methods", "b": "scope", "c": "methods"}, halt=1)
    assert list(result["result"]) == ["a"]
    assert {key: one["error"] for key, one in result["result_error"].items()} == {"b": "OPERATION_TIME_LIMIT"}
