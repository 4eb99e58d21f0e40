"""Which network addresses belong to the public internet: everything else is refused to whoever types a URL into this app."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out for the public internet; outside of it are loopback, link-local, private and multicast."""

NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: networks without IPv4 reach it through these addresses, so the IPv4 address inside decides."""

SPECIAL = tuple(
    ip_network(network)
    for network in (
        # IANA's special-purpose registries, where `is_global` says yes or depends on the Python version
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # 6to4 relays, withdrawn by RFC 7526
        "2001::/23",  # Teredo, ORCHID and other IETF assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address, 127.0.0.1 too
        "3fff::/20",  # documentation
        # public by number, internal by use
        "168.63.129.16/32",  # Azure's platform services inside a virtual machine
    )
)


def is_public(address: str) -> bool:
    """Whether a numeric address, as a resolver returns it, is a single host on the public internet. ValueError for other text."""
    ip = _inner(ip_address(address))
    if isinstance(ip, IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in SPECIAL)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that a mapped or translated IPv6 address stands for."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip
