"""Ways to hosts: straight, or through the proxies that the environment names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from urllib3 import PoolManager, Timeout

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Seconds until somebody answers at all, and between two parts of an answer.
_CONNECT, _READ = 10.0, 30.0


class ConnectionPools:
    """Connections that are kept. Raises UsageError when the environment names a malformed proxy."""

    def of(self, url: str) -> PoolManager:
        """The connections to the host of an address. `NO_PROXY` counts, and this machine needs no proxy."""
        from urllib.request import proxy_bypass

        parts = urlsplit(url)
        proxied = self._proxied.get(parts.scheme)
        if proxied is None or parts.hostname in LOOPBACK or proxy_bypass(parts.netloc):
            return self._straight
        return proxied

    @cached_property
    def _straight(self) -> PoolManager:
        import urllib3

        return urllib3.PoolManager(timeout=_timeout())

    @cached_property
    def _proxied(self) -> dict[str, PoolManager]:
        from urllib.request import getproxies

        return {scheme: _through(proxy) for scheme, proxy in getproxies().items() if scheme in ("http", "https")}


def _through(proxy: str) -> PoolManager:
    import urllib3

    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well:
        raise UsageError("is not the address of a proxy", where="HTTPS_PROXY", hint="write http://HOST:PORT")
    user = parts.netloc.rpartition("@")[0]
    headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
    return urllib3.ProxyManager(address, proxy_headers=headers, timeout=_timeout())


def _timeout() -> Timeout:
    import urllib3

    return urllib3.Timeout(connect=_CONNECT, read=_READ)
