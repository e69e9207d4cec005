"""Our own transport under httpx: HTTP/1.1 over asyncio and httptools (ADR 0029)."""
