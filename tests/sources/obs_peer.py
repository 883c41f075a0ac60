"""A simulated OBS with obs-websocket 5: scenes, inputs, outputs, with the answers of real ones."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from typing import Any

from websockets.sync.server import ServerConnection

from tests.sources.peer import Peer

CHALLENGE = {
    "challenge": "+IxH4CnCiqpX1rM9scsNynZzbOe4KhDeYcTNS3PDaeY=",
    "salt": "lM1GncleQOaCu9lT1yeUZhFYnqhsLLP1G5lAGo3ixaI=",
}
DEFAULTS = {"width": 800, "height": 600, "fps": 30, "fps_custom": True, "shutdown": False, "restart_when_active": False}


class Failure(Exception):
    """A request that OBS refuses: code, comment."""


def proof_of(password: str) -> str:
    """Return the proof as the protocol's description builds it, step by step."""
    secret = base64.b64encode(hashlib.sha256((password + CHALLENGE["salt"]).encode()).digest())
    return base64.b64encode(hashlib.sha256(secret + CHALLENGE["challenge"].encode()).digest()).decode()


class Obs(Peer):
    """Serves one OBS; with `password` None it needs no password. `asked` has every request."""

    def __init__(self, password: str | None = "pass") -> None:
        super().__init__(self._converse)
        self.password = password
        self.scenes: dict[str, dict[str, list[Any]]] = {"Gameplay": {}, "Break": {}}  # source: [id, enabled]
        self.inputs: dict[str, dict[str, Any]] = {}
        self.program = "Gameplay"
        self.outputs = {"Stream": False, "Record": False, "ReplayBuffer": None}
        self.kinds = ["color_source_v3", "browser_source"]
        self.canvas = {"baseWidth": 1280, "baseHeight": 720, "fpsNumerator": 60000, "fpsDenominator": 1001}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.subscriptions: list[int] = []
        self.clients: list[ServerConnection] = []
        self._items = 0
        self._sending = threading.Lock()

    def emit(self, type_: str, **data: Any) -> None:
        """Send an event to all identified clients."""
        self.say({"op": 5, "d": {"eventType": type_, "eventIntent": 1, "eventData": data}})

    def say(self, message: Any) -> None:
        for client in self.clients:
            with self._sending:
                client.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def kick(self, code: int, reason: str = "") -> None:
        """End all connections with a close code."""
        for client in self.clients:
            client.close(code, reason)

    @property
    def changes(self) -> list[str]:
        """The requests that changed something."""
        return [type_ for type_, _ in self.asked if not type_.startswith("Get")]

    def _converse(self, connection: ServerConnection, _number: int) -> None:
        locked = {"authentication": CHALLENGE} if self.password is not None else {}
        connection.send(json.dumps({"op": 0, "d": {"obsWebSocketVersion": "5.5.2", "rpcVersion": 1, **locked}}))
        said = json.loads(connection.recv())
        assert said["op"] == 1
        assert said["d"]["rpcVersion"] == 1
        if self.password is not None and said["d"].get("authentication") != proof_of(self.password):
            connection.close(4009, "Authentication failed.")
            return
        connection.send(json.dumps({"op": 2, "d": {"negotiatedRpcVersion": 1}}))
        self.subscriptions.append(said["d"]["eventSubscriptions"])
        self.clients.append(connection)
        try:
            while True:
                self._answer(connection, json.loads(connection.recv())["d"])
        finally:
            self.clients.remove(connection)

    def _answer(self, connection: ServerConnection, asked: dict[str, Any]) -> None:
        type_, data = asked["requestType"], asked.get("requestData", {})
        self.asked.append((type_, data))
        answer = {"requestType": type_, "requestId": asked["requestId"]}
        try:
            found = getattr(self, type_)(**data)
            answer |= {"requestStatus": {"result": True, "code": 100}} | ({"responseData": found} if found else {})
        except Failure as error:
            answer["requestStatus"] = {"result": False, "code": error.args[0], "comment": error.args[1]}
        with self._sending:
            connection.send(json.dumps({"op": 7, "d": answer}))

    # Requests, by the names of the protocol.

    def GetVersion(self) -> Any:
        return {"obsVersion": "30.2.2", "obsWebSocketVersion": "5.5.2", "rpcVersion": 1}

    def GetVideoSettings(self) -> Any:
        return {**self.canvas, "outputWidth": 1, "outputHeight": 1}

    def GetInputKindList(self) -> Any:
        return {"inputKinds": self.kinds}

    def GetInputDefaultSettings(self, inputKind: str) -> Any:
        return {"defaultInputSettings": DEFAULTS}

    def GetInputList(self, inputKind: str = "") -> Any:
        found = [{"inputName": name, "inputKind": one["kind"]} for name, one in self.inputs.items()]
        return {"inputs": [one for one in found if inputKind in ("", one["inputKind"])]}

    def GetInputSettings(self, inputName: str) -> Any:
        found = self._input(inputName)
        return {"inputKind": found["kind"], "inputSettings": found["settings"]}

    def SetInputSettings(self, inputName: str, inputSettings: Any, overlay: bool) -> None:
        assert overlay
        self._input(inputName)["settings"] |= inputSettings

    def PressInputPropertiesButton(self, inputName: str, propertyName: str) -> None:
        self._input(inputName)
        if propertyName != "refreshnocache":
            raise Failure(600, "Unable to find a property by that name.")

    def GetSceneList(self) -> Any:
        return {
            "currentProgramSceneName": self.program,
            "currentPreviewSceneName": None,
            "scenes": [{"sceneName": name, "sceneIndex": index} for index, name in enumerate(self.scenes)],
        }

    def GetCurrentProgramScene(self) -> Any:
        return {"currentProgramSceneName": self.program}

    def GetSceneItemList(self, sceneName: str) -> Any:
        items = self._scene(sceneName).items()
        keys = ("sourceName", "sceneItemId", "sceneItemEnabled")
        return {"sceneItems": [dict(zip(keys, (name, *rest), strict=True)) for name, rest in items]}

    def CreateInput(self, sceneName: str, inputName: str, inputKind: str, inputSettings: Any) -> Any:
        if inputKind not in self.kinds:
            raise Failure(605, "Your specified input kind is not supported by OBS.")
        if inputName in self.inputs:
            raise Failure(601, "A source already exists by that input name.")
        self.inputs[inputName] = {"kind": inputKind, "settings": inputSettings}
        return self.CreateSceneItem(sceneName, inputName)

    def CreateSceneItem(self, sceneName: str, sourceName: str) -> Any:
        self._input(sourceName)
        self._items += 1
        self._scene(sceneName)[sourceName] = [self._items, True]
        return {"sceneItemId": self._items}

    def SetSceneItemEnabled(self, sceneName: str, sceneItemId: int, sceneItemEnabled: bool) -> None:
        (item,) = [one for one in self._scene(sceneName).values() if one[0] == sceneItemId]
        item[1] = sceneItemEnabled

    def GetSourceActive(self, sourceName: str) -> Any:
        self._input(sourceName)
        item = self.scenes[self.program].get(sourceName)
        return {"videoActive": bool(item and item[1]), "videoShowing": True}

    def GetStreamStatus(self) -> Any:
        return {"outputActive": self.outputs["Stream"], "outputReconnecting": False}

    def GetRecordStatus(self) -> Any:
        return {"outputActive": self.outputs["Record"], "outputPaused": False}

    def GetReplayBufferStatus(self) -> Any:
        if self.outputs["ReplayBuffer"] is None:
            raise Failure(604, "Replay buffer is not available.")
        return {"outputActive": self.outputs["ReplayBuffer"]}

    def _input(self, name: str) -> dict[str, Any]:
        if name not in self.inputs:
            raise Failure(600, f"No source was found by the name of `{name}`.")
        return self.inputs[name]

    def _scene(self, name: str) -> dict[str, list[Any]]:
        if name not in self.scenes:
            raise Failure(600, f"No source was found by the name of `{name}`.")
        return self.scenes[name]
