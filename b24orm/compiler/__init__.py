"""From a query tree and an entity's schema to the words of one REST dialect; and from values to the wire.

Called by queryset (which checks names and values as they are written) and by plan; calls query and schema.
Pure: no request, no clock, no model. The wire encoding of parameters (JSON and PHP query strings) is here too.
"""

from b24orm.compiler.check import check_condition, check_order, check_select, find_field, is_user_field
from b24orm.compiler.encode import batchable, json_ready, query_string
from b24orm.compiler.grammar import Grammar
from b24orm.compiler.grammars import grammar_for
from b24orm.compiler.listing import FIXED_ORDERS, Bounds, Listing, compile_list
from b24orm.compiler.local import matches, ordered
from b24orm.compiler.raw import compile_raw_list
from b24orm.compiler.raw_v3 import compile_raw_list_v3
from b24orm.compiler.single import Get, compile_get
from b24orm.compiler.spelling import json_v3
from b24orm.compiler.writing import (
    check_writable,
    compile_add,
    compile_delete,
    compile_update,
    context_names,
    resent_names,
)

__all__ = [
    "FIXED_ORDERS",
    "Bounds",
    "Get",
    "Grammar",
    "Listing",
    "batchable",
    "check_condition",
    "check_order",
    "check_select",
    "check_writable",
    "compile_add",
    "compile_delete",
    "compile_get",
    "compile_list",
    "compile_raw_list",
    "compile_raw_list_v3",
    "compile_update",
    "context_names",
    "find_field",
    "grammar_for",
    "is_user_field",
    "json_ready",
    "json_v3",
    "matches",
    "ordered",
    "query_string",
    "resent_names",
]
