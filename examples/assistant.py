"""A voice assistant without a voice: python examples/assistant.py ws://127.0.0.1:7701/app INGEST_TOKEN"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

HELLO = {"type": "hello", "name": "assistant", "title": "Assistant", "commands": ["toggle_monitoring", "stop_tts"]}
status = {"ready": True, "listening": True, "speaking": False, "monitoring": True, "text": "Say a command"}


def obey(command: str) -> str:
    """Change the status; return the answer."""
    if command == "stop_tts":
        status.update(speaking=False, text="")
        return "stopped"
    status.update(monitoring=not status["monitoring"], listening=not status["monitoring"])
    return "monitoring on" if status["monitoring"] else "monitoring off"


async def talk(url: str, token: str) -> None:
    """Exchange messages with Framewire until the connection ends."""
    async with connect(url) as socket:
        await socket.send(json.dumps(HELLO | {"token": token}))
        await socket.send(json.dumps({"type": "status", "data": status}))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "command":
                answer = {"type": "answer", "id": message["id"], "text": obey(message["command"])}
                await socket.send(json.dumps(answer))
                await socket.send(json.dumps({"type": "status", "data": status}))


async def main(url: str, token: str) -> None:
    """Reconnect after a second, unless the close code forbids it."""
    while True:
        try:
            await talk(url, token)
        except (OSError, ConnectionClosed) as error:
            if isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code >= 4500:
                sys.exit(f"refused: {error.rcvd.reason}")
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
