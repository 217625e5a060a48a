"""Wrong authentication and clients, each with the lines that a caller gets."""

from __future__ import annotations

from typing import Any

SHOP = {"access": "readwrite", "prefix": "/shop/"}
"""A permission that is right."""

Case = tuple[Any, list[str]]
"""A value, and the lines about it, without the name of the setting at their start."""

NAMES = (
    "it is a certificate's common name, and part of the names of files and stack outputs: write at most 64 lower-case "
    "letters, digits, dots and hyphens, with a letter or a digit at each end"
)
MEMBER = "it is a member's name, and a certificate with it could pass for the member's: use another name"
UNSEEN = (
    "it has characters that cannot be seen, such as a line break or NUL, and a permission with them is hard to find "
    "and to remove: use printable characters"
)


def named(name: Any) -> list[dict[str, Any]]:
    """A client with this name, beside another one."""
    return [{"name": "shop"}, {"name": name}]


def permitted(*permissions: Any) -> list[dict[str, Any]]:
    """A client with these permissions, beside another one."""
    return [{"name": "other"}, {"name": "shop", "permissions": [*permissions]}]


def without_effect(wider: int) -> str:
    return (
        f"permissions[{wider}] allows all of it already, and etcd adds permissions up, so it has no effect: remove it, "
        f"or narrow permissions[{wider}]"
    )


def both(access: str) -> str:
    return (
        f"permissions[0] is for the same keys with the access {access}, and etcd holds one access for them: if the "
        "client needs both, set the access of one to readwrite and remove the other. Otherwise remove the one that it "
        "does not need"
    )


def already(wider: int) -> str:
    return f"permissions[{wider}] is for the same keys, and allows all of it already: remove one of the two"


def pattern(start: str) -> str:
    return f"a prefix is no pattern, and * is a character of the keys here. Write {start} for all keys that begin so"


BAD_NAMES: list[Case] = [
    (named(""), [f'[1].name is "": {NAMES}']),
    (named("Shop"), [f"[1].name is Shop: {NAMES}"]),
    (named("web shop"), [f"[1].name is web shop: {NAMES}"]),
    (named(" shop"), [f'[1].name is " shop": {NAMES}']),
    (named("shop\n"), [f'[1].name is "shop\\n": {NAMES}']),
    (named("café"), [f"[1].name is café: {NAMES}"]),
    (named("\u0661"), [f"[1].name is \u0661: {NAMES}"]),
    (named("-shop"), [f"[1].name is -shop: {NAMES}"]),
    (named("shop."), [f"[1].name is shop.: {NAMES}"]),
    (named("../shop"), [f"[1].name is ../shop: {NAMES}"]),
    (named("shop,o=x"), [f"[1].name is shop,o=x: {NAMES}"]),
    (named("s" * 65), [f"[1].name is {'s' * 65}: {NAMES}"]),
    (
        named("root"),
        [
            "[1].name is root: the program changes the cluster as this user. A client with root: true may do the same. "
            "Use another name"
        ],
    ),
    (
        named("etcd-operator"),
        ["[1].name is etcd-operator: it is the name in the operator's certificate. Use another name"],
    ),
    (
        named("etcd-reader"),
        [
            "[1].name is etcd-reader: it is the name in the certificate with which the program observes the cluster. "
            "Use another name"
        ],
    ),
    (named("etcd-server-1.etcd.example.com"), [f"[1].name is etcd-server-1.etcd.example.com: {MEMBER}"]),
    (named("etcd-server-12.example.org"), [f"[1].name is etcd-server-12.example.org: {MEMBER}"]),
    (named("etcd-server-1"), [f"[1].name is etcd-server-1: {MEMBER}"]),
    (named("etcd-server-0012"), [f"[1].name is etcd-server-0012: {MEMBER}"]),
    (
        named("pulumi-client-shop"),
        [
            "[1].name is pulumi-client-shop: the names of the program's own roles begin with pulumi-: use another name"
        ],
    ),
    (
        named("shop"),
        [
            "[1].name is shop: etcd:clients[0] has the same name, and both would be one user of etcd: rename or remove "
            "one of them"
        ],
    ),
    (
        [{"name": "shop"}, {"name": "Web"}, {"name": "shop"}, {"name": "shop", "root": 1}],
        [
            f"[1].name is Web: {NAMES}",
            "[3].root is 1: write true or false",
            *(
                f"[{position}].name is shop: etcd:clients[0] has the same name, and both would be one user of etcd: "
                "rename or remove one of them"
                for position in (2, 3)
            ),
        ],
    ),
    (named(5), ['[1].name is 5: write it as a string, "5"']),
    (named(["shop"]), ['[1].name is ["shop"]: write a string, such as "shop"']),
    ([{"root": True}], ['[0].name is not set: write a string, such as "shop"']),
    ([{"name": None}], ['[0].name is not set: write a string, such as "shop"']),
    (
        [{"name": "shop", "permisions": None, "root": None}],
        [
            "[0].permisions is set, and there is no such field: set etcd:clients[0].permissions instead, and remove "
            "this one"
        ],
    ),
]
"""Clients with a wrong name."""

BAD_PERMISSIONS: list[Case] = [
    (
        permitted({"access": "read"}),
        [
            '[1].permissions[0] is {"access": "read"}: it names no keys: set key or prefix. The prefix "" stands for '
            "every key"
        ],
    ),
    (
        permitted({**SHOP, "key": "/shop/a"}),
        [
            "[1].permissions[0].prefix is /shop/: a permission is for a key, a range or a prefix, and this one has key "
            "as well: remove one of them, or write two permissions"
        ],
    ),
    (
        permitted({**SHOP, "rangeEnd": "/shop0"}),
        [
            "[1].permissions[0].rangeEnd is /shop0: a range begins with a key, and a prefix has no other end: set key "
            "to the first key of the range, or remove rangeEnd"
        ],
    ),
    (
        permitted({"access": "read", "rangeEnd": "/b"}),
        [
            "[1].permissions[0].rangeEnd is /b: a range begins with a key, and a prefix has no other end: set key to "
            "the first key of the range, or remove rangeEnd"
        ],
    ),
    (
        permitted({"access": "read", "key": ""}),
        [
            '[1].permissions[0].key is "": etcd has no empty key: write a key of at least one character. The prefix "" '
            "stands for every key"
        ],
    ),
    (
        permitted({"access": "read", "key": "/a", "rangeEnd": ""}),
        [
            '[1].permissions[0].rangeEnd is "": write the key after the last one of the range, or remove rangeEnd for '
            "the key alone"
        ],
    ),
    (
        permitted({"access": "read", "key": "/a", "rangeEnd": "/a"}),
        [
            "[1].permissions[0].rangeEnd is /a: the range is empty, because it ends before this key and begins with "
            "it: write the key after the last one of the range, or remove rangeEnd for the key alone"
        ],
    ),
    (
        permitted(SHOP, {"access": "read", "key": "/b", "rangeEnd": "/a"}),
        [
            "[1].permissions[1].rangeEnd is /a: it comes before key, /b, in the order of bytes that etcd uses, so the "
            "range is empty: exchange the two, or write a later key"
        ],
    ),
    (
        # In UTF-16, the second one comes first.
        permitted({"access": "read", "key": "\U0001f511", "rangeEnd": "\uff21"}),
        [
            "[1].permissions[0].rangeEnd is \uff21: it comes before key, \U0001f511, in the order of bytes that etcd "
            "uses, so the range is empty: exchange the two, or write a later key"
        ],
    ),
    (permitted({"access": "read", "key": "/a\0"}), [f'[1].permissions[0].key is "/a\\u0000": {UNSEEN}']),
    (permitted({"access": "read", "prefix": "/a\n"}), [f'[1].permissions[0].prefix is "/a\\n": {UNSEEN}']),
    (
        permitted({"access": "read", "key": "/a", "rangeEnd": "\u200b"}),
        [f'[1].permissions[0].rangeEnd is "\\u200b": {UNSEEN}'],
    ),
    (permitted({"access": "read", "key": "\ud800"}), [f'[1].permissions[0].key is "\\ud800": {UNSEEN}']),
    (
        permitted({"access": "read", "key": "é" * 513}),
        [
            f"[1].permissions[0].key is {'é' * 100}…: use at most 1024 bytes: a role must fit into one message. A "
            "prefix has all longer keys"
        ],
    ),
    (
        permitted({"access": "admin", "prefix": "/"}),
        ["[1].permissions[0].access is admin: write read, write or readwrite"],
    ),
    (permitted({"prefix": "/"}), ["[1].permissions[0].access is not set: write read, write or readwrite"]),
    (
        permitted({"access": "Read", "key": "/a", "rangeEnd": "/a"}, {"access": True, "prefix": "/"}),
        [
            "[1].permissions[0].access is Read: write read, write or readwrite",
            "[1].permissions[0].rangeEnd is /a: the range is empty, because it ends before this key and begins with "
            "it: write the key after the last one of the range, or remove rangeEnd for the key alone",
            "[1].permissions[1].access is true: write read, write or readwrite",
        ],
    ),
    (
        permitted({"access": "read", "key": "/a"}, {"access": "write", "key": "/a"}),
        [f'[1].permissions[1] is {{"access": "write", "key": "/a"}}: {both("read")}'],
    ),
    (
        permitted({"access": "read", "key": "/a"}, {"access": "readwrite", "key": "/a"}),
        [f'[1].permissions[0] is {{"access": "read", "key": "/a"}}: {already(1)}'],
    ),
    (
        permitted(
            SHOP, {"access": "read", "prefix": "/shop/a"}, {"prefix": "/"}, {"access": "write", "key": "/shop/b"}
        ),
        [
            "[1].permissions[2].access is not set: write read, write or readwrite",
            f'[1].permissions[1] is {{"access": "read", "prefix": "/shop/a"}}: {without_effect(0)}',
            f'[1].permissions[3] is {{"access": "write", "key": "/shop/b"}}: {without_effect(0)}',
        ],
    ),
    (permitted({"access": "read", "prefix": "/a/*"}), [f"[1].permissions[0].prefix is /a/*: {pattern('/a/')}"]),
    (permitted({"access": "read", "prefix": "/a**"}), [f"[1].permissions[0].prefix is /a**: {pattern('/a')}"]),
    (permitted({"access": "read", "prefix": "*"}), ['[1].permissions[0].prefix is *: ' + pattern('""')]),
    (
        permitted(SHOP, SHOP),
        [f'[1].permissions[1] is {{"access": "readwrite", "prefix": "/shop/"}}: {already(0)}'],
    ),
    (
        permitted(SHOP, {"access": "readwrite", "key": "/shop/", "rangeEnd": "/shop0"}),
        [
            '[1].permissions[1] is {"access": "readwrite", "key": "/shop/", "rangeEnd": "/shop0"}: ' + already(0),
        ],
    ),
    (
        permitted(SHOP, {"access": "read", "prefix": "/shop/prices/"}),
        [f'[1].permissions[1] is {{"access": "read", "prefix": "/shop/prices/"}}: {without_effect(0)}'],
    ),
    (
        permitted({"access": "write", "key": "/shop/a"}, SHOP),
        [f'[1].permissions[0] is {{"access": "write", "key": "/shop/a"}}: {without_effect(1)}'],
    ),
    (
        permitted({"access": "read", "prefix": ""}, {"access": "read", "key": "a"}),
        [f'[1].permissions[1] is {{"access": "read", "key": "a"}}: {without_effect(0)}'],
    ),
    (
        [{"name": "shop", "permissions": [SHOP], "root": True}],
        [
            "[0].root is true: a client with root may do everything, and this one has permissions as well: remove root "
            "to limit it to them, or remove permissions"
        ],
    ),
    (
        [{"name": "shop", "permissions": [{"access": "read", "key": f"/{n}"} for n in range(101)]}],
        [
            '[0].permissions is [{"access": "read", "key": "/0"}, {"access": "read", "key": "/1"}, {"access": "read", '
            '"key": "/2"}, …: a client has at most 100 permissions: use prefixes'
        ],
    ),
]  # fmt: skip
"""Clients with wrong permissions."""

A_CLIENT = '{"name": "shop", "permissions": [{"access": "readwrite", "prefix": "/shop/"}]}'
BAD_SHAPES: list[Case] = [
    (["shop"], [f"[0] is shop: write a dictionary, such as {A_CLIENT}"]),
    ([["shop"]], [f'[0] is ["shop"]: write a dictionary, such as {A_CLIENT}']),
    ([None], [f"[0] is null: write a dictionary, such as {A_CLIENT}"]),
    (
        permitted("/shop/"),
        ['[1].permissions[0] is /shop/: write a dictionary, such as {"access": "readwrite", "prefix": "/shop/"}'],
    ),
    (
        [{"name": "shop", "permissions": SHOP}],
        [
            '[0].permissions is {"access": "readwrite", "prefix": "/shop/"}: write a list, such as [{"access": '
            '"readwrite", "prefix": "/shop/"}]'
        ],
    ),
    (
        permitted({"access": "read", "key": 5}, {"access": "read", "key": "a", "rangeEnd": 6}, {**SHOP, "prefix": []}),
        [
            '[1].permissions[0].key is 5: write it as a string, "5"',
            '[1].permissions[1].rangeEnd is 6: write a string, such as "/shop0"',
            '[1].permissions[2].prefix is []: write a string, such as "/shop/"',
        ],
    ),
    ([{"name": "shop", "root": "true"}], ['[0].root is "true": write true or false, without quotes']),
    ([{"name": "shop", "root": "yes"}], ["[0].root is yes: write true or false"]),
    ([{"name": "shop", "root": 1}], ["[0].root is 1: write true or false"]),
    (
        [{"name": "shop", "permission": []}, {"name": "other", "admin": True}],
        [
            "[0].permission is set, and there is no such field: set etcd:clients[0].permissions instead, and remove "
            "this one",
            "[1].admin is set, and there is no such field: remove it. The fields are name, permissions and root",
        ],
    ),
    (
        permitted({"access": "read", "key": "/a", "rangeend": "/b"}),
        [
            "[1].permissions[0].rangeend is set, and there is no such field: set "
            "etcd:clients[1].permissions[0].rangeEnd instead, and remove this one"
        ],
    ),
    (
        [{"name": f"shop-{number}"} for number in range(101)],
        [
            ' is [{"name": "shop-0"}, {"name": "shop-1"}, {"name": "shop-2"}, {"name": "shop-3"}, {"name": "shop-4"},'
            "…: use at most 100 clients, because every run issues their certificates and checks their users. "
            "Applications that may do the same can share one"
        ],
    ),
]  # fmt: skip
"""Clients of a wrong shape."""

BAD_CLIENTS = [*BAD_NAMES, *BAD_PERMISSIONS, *BAD_SHAPES]
