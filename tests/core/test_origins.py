"""Allowed hosts, origins and peers."""

from __future__ import annotations

import pytest

from actors.core.origins import (
    authority,
    foreign_host,
    host_is_ours,
    hosts,
    is_loopback,
    may_post,
    may_send,
    origin_is_proved,
    origin_is_welcome,
)

OURS = hosts("127.0.0.1", 7700, ["overlay.example", "other.example:9000"])

HOSTS = [
    ("127.0.0.1:7700", True),
    ("localhost:7700", True),
    ("LOCALHOST:7700", True),
    ("[::1]:7700", True),
    ("overlay.example", True),
    ("overlay.example:7700", True),
    ("other.example:9000", True),
    ("127.0.0.1", False),
    ("127.0.0.1:80", False),
    ("127.0.0.1:77000", False),
    ("evil.test", False),
    ("evil.test:7700", False),
    ("localhost.evil.test:7700", False),
    ("127.0.0.1.nip.io:7700", False),
    ("evil-overlay.example", False),
    ("overlay.example.evil.test", False),
    ("overlay.example:1", False),
    ("localhost.:7700", False),
    ("127.0.0.1:7700,evil.test", False),
    ("0.0.0.0:7700", False),
    ("", False),
    (None, False),
]


@pytest.mark.parametrize(("header", "ours"), HOSTS)
def test_a_host_is_allowed_or_refused(header, ours):
    assert host_is_ours(header, OURS) is ours


@pytest.mark.parametrize(
    ("host", "port", "header", "ours"),
    [
        ("192.168.1.5", 7700, "192.168.1.5:7700", True),
        ("::1", 7700, "[::1]:7700", True),
        ("fe80::1", 7700, "[fe80::1]:7700", True),
        ("0.0.0.0", 7700, "192.168.1.5:7700", False),
        ("127.0.0.1", 80, "localhost", True),
        ("127.0.0.1", 80, "localhost:80", True),
    ],
)
def test_the_configured_address_is_an_allowed_host(host, port, header, ours):
    assert host_is_ours(header, hosts(host, port, [])) is ours


ORIGINS = [
    (None, True),
    ("http://127.0.0.1:7700", True),
    ("https://127.0.0.1:7700", True),
    ("HTTP://127.0.0.1:7700", True),
    ("https://studio.example", True),
    ("null", False),
    ("", False),
    ("http://127.0.0.1:7701", False),
    ("http://127.0.0.1", False),
    ("http://localhost:7700", False),
    ("http://evil.test", False),
    ("http://127.0.0.1:7700.evil.test", False),
    ("http://evil-127.0.0.1:7700", False),
    ("https://evil-studio.example", False),
    ("https://studio.example.evil.test", False),
    ("https://studio.example:444", False),
    ("file://", False),
    ("http://absolute", False),
    ("chrome-extension://abcdef", False),
    ("ws://127.0.0.1:7700", False),
]


@pytest.mark.parametrize(("origin", "welcome"), ORIGINS)
def test_origins(origin, welcome):
    headers = {"Host": "127.0.0.1:7700"} | ({} if origin is None else {"Origin": origin})
    assert origin_is_welcome(headers, ["https://studio.example"]) is welcome


@pytest.mark.parametrize(("site", "mode", "welcome"), [
    ("same-origin", "no-cors", True),
    ("none", "navigate", True),  # typed, or a bookmark
    ("cross-site", "navigate", True),  # a link
    ("cross-site", "no-cors", False),  # a picture or a request of a foreign page
    ("same-site", "no-cors", False),  # of another port of this machine
    ("cross-site", "", False),
])  # fmt: skip
def test_a_request_without_an_origin_is_refused_if_a_foreign_page_makes_it(site, mode, welcome):
    headers = {"Host": "127.0.0.1:7700", "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert origin_is_welcome(headers, []) is welcome


def test_what_a_browser_loads_ahead_is_a_link_of_another_site():
    ahead = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch;prerender"}
    assert origin_is_welcome(ahead, [])
    assert not origin_is_welcome(ahead, [], links=False)
    assert origin_is_welcome(ahead | {"Sec-Fetch-Site": "same-origin"}, [], links=False)


def test_a_page_of_another_site_may_not_even_link_to_a_server_without_pages():
    link = {"Host": "127.0.0.1:7701", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert not origin_is_welcome(link, [], links=False)
    assert origin_is_welcome(link | {"Sec-Fetch-Site": "none"}, [], links=False)


@pytest.mark.parametrize(("headers", "may"), [
    ({}, True),  # a program
    ({"Sec-Fetch-Site": "none"}, True),  # typed
    ({"Origin": "https://studio.example"}, True),
    ({"Origin": "http://evil.test:7701"}, False),  # its name was rebound: it equals the Host
    ({"Origin": "http://127.0.0.1:7701"}, False),
    ({"Origin": "null"}, False),
    ({"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch"}, False),
    ({"Sec-Fetch-Site": "same-origin"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, False),
])  # fmt: skip
def test_a_server_without_pages_takes_no_request_of_a_page_that_is_not_allowed(headers, may):
    host = headers.get("Origin", "//127.0.0.1:7701").partition("//")[2]
    assert may_post({"Host": host} | headers, ["https://studio.example"]) is may


@pytest.mark.parametrize(("host", "expected"), [
    ("127.0.0.1", "127.0.0.1:7700"),
    ("0.0.0.0", "127.0.0.1:7700"),
    ("", "127.0.0.1:7700"),
    ("::", "[::1]:7700"),  # 127.0.0.1 is not served then
    ("::1", "[::1]:7700"),
    ("pc.lan", "pc.lan:7700"),
])  # fmt: skip
def test_a_wildcard_address_is_reached_over_the_loopback(host, expected):
    assert authority(host, 7700) == expected


@pytest.mark.parametrize(
    ("headers", "proved"),
    [
        ({"Host": "127.0.0.1:7700"}, True),  # a browser would say who makes it
        ({"Host": "[::1]:7700"}, True),
        ({"Host": "stream-pc.lan", "Sec-Fetch-Site": "same-origin"}, True),  # with TLS
        ({"Host": "Stream-PC.lan:7700", "Referer": "http://stream-pc.lan:7700/overlay/?kills=3"}, True),
        ({"Host": "stream-pc.lan:7700"}, False),
        ({"Host": "192.168.1.5:7700", "Referer": "http://192.168.1.5:8080/"}, False),
        ({"Host": "192.168.1.5:7700", "Referer": "http://192.168.1.5:7700.evil.test/"}, False),
        ({"Host": "192.168.1.5:7700", "Referer": "http://evil.test/http://192.168.1.5:7700/"}, False),
    ],
)
def test_the_origin_of_a_request_over_a_network_is_proved_by_its_referer(headers, proved):
    assert origin_is_proved(headers) is proved


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("192.168.1.5:7700", True),
        ("[fe80::1]:7700", True),
        ("localhost:7700", True),
        ("192.168.1.5:7701", False),
        ("192.168.1.5", False),
        ("0.0.0.0:7700", False),
        ("evil.test:7700", False),
        ("192.168.1.5.evil.test:7700", False),
        ("[evil.test]:7700", False),
        (None, False),
    ],
)
def test_a_gateway_on_all_addresses_allows_addresses_and_no_names(header, ours):
    assert host_is_ours(header, hosts("0.0.0.0", 7700, []), 7700) is ours


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (None, True),
        ("127.0.0.1:7701", True),
        ("127.0.0.1:8701", True),
        ("10.0.0.5:7701", True),
        ("[::1]:7701", True),
        ("localhost", True),
        ("stream-pc.lan:7701", True),
        ("Stream-PC.lan", True),
        ("evil.test:7701", False),
        ("stream-pc.lan.evil.test", False),
        ("10.0.0.5.evil.test:7701", False),
        ("0.0.0.0:7701", False),
    ],
)
def test_the_ingest_accepts_events_only_for_allowed_hosts(header, taken):
    assert may_send(header, "0.0.0.0", ["stream-pc.lan:7700"]) is (taken or header == "0.0.0.0:7701")
    assert may_send(header, "127.0.0.1", ["stream-pc.lan"]) is taken


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("Stream-PC.lan:7700", 'a name of this machine: gateway.allowed_hosts = ["stream-pc.lan"]'),
        ("10.0.0.5:7700", "gateway.allowed_hosts"),
        (None, "gateway.allowed_hosts"),
        ('a"],["b', "gateway.allowed_hosts"),
        ("<img>%s", "gateway.allowed_hosts"),
        ("x" * 81, "gateway.allowed_hosts"),
    ],
)  # fmt: skip
def test_a_refused_host_is_named_only_if_it_can_be_a_name(header, part):
    reason = foreign_host(header)
    assert part in reason
    assert (header or "-").lower().partition(":")[0] not in reason or header == "Stream-PC.lan:7700"


def test_a_proxy_with_tls_keeps_host_and_origin():
    headers = {"Host": "stream-pc.lan", "Origin": "https://stream-pc.lan"}
    assert host_is_ours(headers["Host"], hosts("127.0.0.1", 7700, ["stream-pc.lan"]))
    assert origin_is_welcome(headers, [])


@pytest.mark.parametrize(("address", "here"), [
    ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
    ("10.0.0.1", False), ("fe80::1", False), ("::ffff:10.0.0.1", False), ("", False), ("unknown", False),
])  # fmt: skip
def test_loopback_peers_count_as_local(address, here):
    assert is_loopback(address) is here
