// Generated from actors/core/contract/types/ by `python -m tools.docs`; a test fails when it is stale.

/** A player of a game. `id` is stable within the source; `team` is the source's own word. `faction` is the side of the character, which may fight for another team. `loadout` is the class that is played, such as `medic`. `vehicle` is the vehicle that the player is in. */
export interface Player {
  id: string;
  name: string;
  team?: string;
  faction?: string;
  loadout?: string;
  vehicle?: string;
}

/** `victim` is left out when the source reports only the attacker's counters. `penetrated`: through a wall. `weapon_category` is the kind of weapon, such as `knife`, `grenade`, `mine`, or `roadkill` for a vehicle that ran over the victim. `medal` is added by the game: `bounty`, `domination`, `revenge`, `streak_stop`. `gunner`: a gunner in the attacker's vehicle made the kill. `world` and `zone` are the place. `streak` is how many players the attacker has killed since their last death, this kill included. Framewire counts it; it is 0 for a kill that counts for no streak, such as one of a team mate. */
export interface Kill {
  attacker: Player;
  victim?: Player | null;
  weapon?: string;
  headshot?: boolean;
  penetrated?: boolean;
  noscope?: boolean;
  through_smoke?: boolean;
  attacker_blind?: boolean;
  assister?: Player | null;
  weapon_id?: string;
  weapon_category?: string;
  medal?: string;
  team_kill?: boolean;
  gunner?: boolean;
  world?: string;
  zone?: string;
  streak?: number;
}

/** `cause` is the name from the source, such as `bomb`, `suicide`, `headshot`, `roadkill`, `team_kill`, or empty. */
export interface Death {
  victim: Player;
  cause?: string;
}

/** `owner` is the owner of the vehicle. `gunner`: a gunner in the attacker's vehicle destroyed it. */
export interface VehicleDestroyed {
  attacker: Player;
  vehicle?: string;
  owner?: Player | null;
  weapon?: string;
  weapon_id?: string;
  gunner?: boolean;
  world?: string;
  zone?: string;
}

export interface Headshot {
  attacker: Player;
  victim?: Player | null;
  weapon?: string;
}

export interface Multikill {
  player: Player;
  kills: number;
  window_ms: number;
}

export interface Assist {
  player: Player;
  victim?: Player | null;
  kind?: "damage" | "flash";
}

export interface Hit {
  attacker: Player;
  victim: Player;
  weapon?: string;
  damage?: number;
  damage_armor?: number;
  health?: number;
  armor?: number;
  hitgroup?: string;
}

/** For sources that do not name an attacker; `cause` is the name from the source, such as `fall` or `lava`. */
export interface Hurt {
  player: Player;
  damage?: number;
  cause?: string;
}

export interface Streak {
  player: Player;
  kills: number;
}

export interface Revive {
  medic: Player;
  revived: Player;
}

/** `target` is the helped player, `vehicle` the repaired or resupplied vehicle; `amount` may be unknown. */
export interface Support {
  player: Player;
  amount?: number;
  target?: Player | null;
  vehicle?: string;
}

/** `player` provided the spawn point; `kind` is its kind. */
export interface Spawn {
  player: Player;
  kind?: "other" | "squad" | "sunderer";
}

/** `player` drove or flew other players, who then fought. */
export interface Transport {
  player: Player;
  vehicle?: string;
}

/** `count` is the number of supports of this kind since the player's last death. */
export interface SupportStreak {
  player: Player;
  kind: "heal" | "repair" | "resupply" | "revive";
  count: number;
}

/** `alert` identifies the alert from start to end. */
export interface AlertStart {
  alert: string;
  title: string;
  subtitle?: string;
  world?: string;
  zone?: string;
}

/** `scores` are shares or points by team, `winner` is a team; `outcome` is that of the streamer's team. */
export interface AlertEnd {
  alert: string;
  outcome?: "canceled" | "draw" | "loss" | "over" | "win";
  title?: string;
  subtitle?: string;
  world?: string;
  zone?: string;
  scores?: Record<string, number>;
  winner?: string;
}

export interface Round {
  phase: "end" | "freeze" | "match_end" | "match_start" | "start";
  winner?: string;
  reason?: string;
  scores?: Record<string, number>;
}

/** `team` is the acting team; `stolen`: the other team had done most of the damage. */
export interface Objective {
  action: string;
  player?: Player | null;
  target?: string;
  team?: string;
  stolen?: boolean;
}

/** `team` holds `target` now, `previous` held it before; `defended`: both are the same. */
export interface Capture {
  kind: "base" | "continent" | "point";
  target?: string;
  team?: string;
  previous?: string;
  defended?: boolean;
  player?: Player | null;
  world?: string;
  zone?: string;
}

/** The time that is left of a round, a half or a break. `ts_ends_ms` is on the clock of the server, so that a page that loads later is right, too. A paused timer has `remaining_ms` instead; one without both is none. `total_ms` is the whole time, of which a line shows the rest. `phase` is shown as a word, except `live`, `freeze` and `bomb`: the time of a planted bomb has its icon. */
export interface Timer {
  phase?: string;
  ts_ends_ms?: number;
  remaining_ms?: number;
  total_ms?: number;
}

/** Points by team, and what else is known of the match, by team as well: name, logo, side, maps won. A source may report parts of a score under different keys, for example one team at a time. An overlay merges the last report of every key, in the order in which they changed: what a report does not name stays, and a report of two or more teams replaces the teams. An empty one clears the score. `logos` are files of `overlays/media`. In a series of `best_of` maps, `map_name` is played now. */
export interface Score {
  scores: Record<string, number>;
  names?: Record<string, string>;
  logos?: Record<string, string>;
  sides?: Record<string, "attack" | "ct" | "defend" | "t">;
  map_name?: string;
  maps_won?: Record<string, number>;
  best_of?: number;
  timer?: Timer | null;
}

/** `faction` of the player is the faction of the character. */
export interface Login {
  player: Player;
  world?: string;
}

export interface Presence {
  player: Player;
}

/** `command` is the first word of `text`, without the slash. */
export interface PlayerCommand {
  player: Player;
  command: string;
  text?: string;
}

export interface PlayerMove {
  player: Player;
  x: number;
  y: number;
  z?: number;
  yaw?: number;
}

/** A part of a message. `image` is the picture of an emote or a cheer; without one the text is shown. */
export interface Fragment {
  kind: "cheer" | "emote" | "mention" | "text";
  text: string;
  image?: string;
}

/** The message to which this one replies. A deletion of it, or of its user's messages, removes it here, too. */
export interface Reply {
  user: string;
  text?: string;
  message_id?: string;
  user_id?: string;
}

/** A later deletion names `message_id`. `text` is the whole message; `fragments`, if not empty, are the same message in parts and are shown instead. `badge_images[n]` is the picture of `badges[n]`, or empty. `action` is `/me`, `highlight` a message that its author paid to highlight, `first` the author's first message. */
export interface Chat {
  user: string;
  text: string;
  user_id?: string;
  message_id?: string;
  channel?: string;
  color?: string;
  badges?: Array<string>;
  team_only?: boolean;
  badge_images?: Array<string>;
  fragments?: Array<Fragment>;
  reply_to?: Reply | null;
  action?: boolean;
  highlight?: boolean;
  first?: boolean;
}

/** One message, all messages of a user, or (both empty) all messages of the channel. */
export interface ChatDelete {
  channel?: string;
  message_id?: string;
  user_id?: string;
}

export interface Follow {
  user: string;
}

/** `group` is the `group` of the gift that this subscription is a part of, or empty. */
export interface Subscription {
  user: string;
  tier?: string;
  months?: number;
  gifted_by?: string;
  text?: string;
  group?: string;
}

/** Subscriptions that one user gives to others. Each may also be reported as a `subscription` with the same `group`. `anonymous`: the giver is not named, and `user` is a placeholder. `total` is the number of all gifts of the user; 0 means unknown. */
export interface Gift {
  user: string;
  count: number;
  tier?: string;
  recipients?: Array<string>;
  group?: string;
  anonymous?: boolean;
  total?: number;
}

export interface Raid {
  user: string;
  viewers?: number;
}

export interface Cheer {
  user: string;
  bits: number;
  text?: string;
  anonymous?: boolean;
}

/** `amount` is a decimal number as text, empty when unknown; `currency` is an ISO 4217 code. */
export interface Tip {
  user: string;
  amount?: string;
  currency?: string;
  text?: string;
  anonymous?: boolean;
}

/** `title` is the name of the reward, `cost` its price in the channel's points, `text` the message of the user. */
export interface Redemption {
  user: string;
  title: string;
  cost?: number;
  text?: string;
}

/** `given`: this channel recommends `user`; `received`: `user` recommends this channel. */
export interface Shoutout {
  user: string;
  viewers?: number;
  direction?: "given" | "received";
}

/** `stream` is the platform's id of this broadcast; `game` is its category. */
export interface Stream {
  online: boolean;
  stream?: string;
  title?: string;
  game?: string;
}

/** `progress` of `goal` points in this `level`; `total` points in all. `ts_ends_ms` is 0 when unknown. `canceled`: it is removed at once, without its result. */
export interface HypeTrain {
  phase: "begin" | "canceled" | "end" | "progress";
  train?: string;
  level?: number;
  progress?: number;
  goal?: number;
  total?: number;
  ts_ends_ms?: number;
}

/** An answer of a poll or an outcome of a prediction. `votes` are votes, or points; `users` is 0 when unknown. */
export interface Choice {
  title: string;
  votes?: number;
  users?: number;
}

export interface Poll {
  phase: "begin" | "canceled" | "end" | "progress";
  title: string;
  poll?: string;
  choices?: Array<Choice>;
  ts_ends_ms?: number;
}

/** `winner` is the title of the winning outcome, once it is known. */
export interface Prediction {
  phase: "begin" | "canceled" | "end" | "lock" | "progress";
  title: string;
  prediction?: string;
  outcomes?: Array<Choice>;
  winner?: string;
  ts_ends_ms?: number;
}

/** `goal` identifies the goal from start to end; `kind` is the counted event, such as `follow` or `subscription`. `canceled`: it is removed at once. */
export interface Goal {
  goal: string;
  phase: "begin" | "canceled" | "end" | "progress";
  current: number;
  target: number;
  kind?: string;
  title?: string;
}

/** A command to the queue of a widget of every overlay; without `widget`, to all queues. `end_test` is for all widgets: what came from the source `test` leaves them, and the last real states show again. */
export interface Show {
  action: "clear" | "end_test" | "mute" | "pause" | "replay" | "resume" | "skip" | "unmute";
  widget?: string;
}

/** An element of the overlay that is shown or hidden by name. */
export interface Toggle {
  name: string;
  on: boolean;
}

/** The scene of a layout (docs/layout.md); empty selects the layout without a scene. */
export interface Scene {
  name?: string;
}

export interface Crosshair {
  on?: boolean;
  style?: string;
  color?: string;
}

/** A map of the radar. Its edges are coordinates of the game: left and right along x, top and bottom along z. `run` is new whenever the source has connected again: players of another `run` are no longer there. */
export interface Radar {
  map: string;
  title?: string;
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
  run?: string;
  on?: boolean;
}

/** A player on the radar, and where they are. Packed positions name the player by `number` (docs/wire.md). `yaw` is in degrees: 0 looks along z, 90 against x. `color` replaces the colour of the player's team. */
export interface RadarPlayer {
  map: string;
  number: number;
  player: Player;
  x?: number;
  z?: number;
  y?: number;
  yaw?: number;
  color?: string;
  run?: string;
  on?: boolean;
}

/** Data for your own overlay; `name` is the kind of the event. */
export interface Custom {
  name: string;
  data?: Record<string, unknown>;
}

/** `name` identifies one of several OBS; `scene` is the program scene. `reconnecting`: OBS streams, and has no connection to the platform at the moment. `recording` stays true during a pause. `connected` false: OBS is closed or cannot be reached; then the other fields have their defaults. */
export interface Obs {
  name: string;
  scene?: string;
  streaming?: boolean;
  recording?: boolean;
  reconnecting?: boolean;
  recording_paused?: boolean;
  replay_buffer?: boolean;
  connected?: boolean;
}

/** `obs` is the `name` of the OBS, `source` a source of it; `visible`: it is part of the program output. */
export interface ObsSource {
  obs: string;
  source: string;
  visible: boolean;
}

/** `status` is one word: `speaking`, `listening`, `wake_word` (it was heard), `ready`, `starting` or `gone`. `detail` is its own text, `commands` are the commands that it accepts. `monitoring`: it waits for its wake word all the time. `visible` false: overlays do not show it. */
export interface Application {
  application: string;
  status: string;
  title?: string;
  detail?: string;
  commands?: Array<string>;
  connected?: boolean;
  monitoring?: boolean;
  visible?: boolean;
}

/** The payload of each type. */
export interface Payloads {
  /** one player killed another */
  kill: Kill;
  /** a player died by a bomb, a fall or suicide, or the source does not name the killer */
  death: Death;
  /** a player destroyed a vehicle */
  vehicle_destroyed: VehicleDestroyed;
  /** a kill by a shot to the head, for sources that report it separately from the kill */
  headshot: Headshot;
  /** several kills by one player within a short time (derived from kills) */
  multikill: Multikill;
  /** a player helped with a kill */
  assist: Assist;
  /** a shot hit a player */
  hit: Hit;
  /** a player lost health; the source names no attacker */
  hurt: Hurt;
  /** kills of a player since their last death (derived from kills) */
  streak: Streak;
  /** a medic revived a player */
  revive: Revive;
  /** the streamer was revived */
  revive_taken: Revive;
  /** a player healed another */
  heal: Support;
  /** a player gave ammunition to another or to a vehicle */
  resupply: Support;
  /** a player repaired an armour or a vehicle */
  repair: Support;
  /** players spawned at a spawn point of another player */
  spawn: Spawn;
  /** a player brought others to the fight */
  transport: Transport;
  /** supports of a player since their last death reached a number (derived from heal, resupply, repair, revive) */
  support_streak: SupportStreak;
  /** an alert began: a contest for a continent, a final, a boss */
  alert_start: AlertStart;
  /** the alert ended, with its outcome */
  alert_end: AlertEnd;
  /** a match or a round began or ended */
  round: Round;
  /** a bomb planted or defused, a flag taken, a monster slain */
  objective: Objective;
  /** a point, a base or a continent was captured or defended */
  capture: Capture;
  /** the score of a match */
  score: Score;
  /** the streamer's character logged in */
  login: Login;
  /** a player joined */
  player_join: Presence;
  /** a player left */
  player_leave: Presence;
  /** a player entered a command of the game */
  player_command: PlayerCommand;
  /** where a player is */
  player_move: PlayerMove;
  /** a message in a chat */
  chat: Chat;
  /** messages that must disappear from the screen */
  chat_delete: ChatDelete;
  /** a new follower */
  follow: Follow;
  /** a subscription, renewed or given */
  subscription: Subscription;
  /** a viewer gave subscriptions to others */
  gift: Gift;
  /** another channel sends its viewers to this channel */
  raid: Raid;
  /** a viewer cheered with bits */
  cheer: Cheer;
  /** a viewer gave money */
  tip: Tip;
  /** a viewer redeemed a reward with the channel's points */
  redemption: Redemption;
  /** one channel recommended another */
  shoutout: Shoutout;
  /** the stream went online or offline */
  stream: Stream;
  /** a hype train begins, changes or ends */
  hype_train: HypeTrain;
  /** a poll begins, changes or ends */
  poll: Poll;
  /** a prediction begins, changes or ends */
  prediction: Prediction;
  /** a goal of the channel and its progress */
  goal: Goal;
  /** a command of the operator to a queue of the overlay */
  show: Show;
  /** an element of the overlay is shown or hidden */
  toggle: Toggle;
  /** the scene of the layout that overlays show */
  scene: Scene;
  /** shape, size and colour of the crosshair */
  crosshair: Crosshair;
  /** a map of the radar is shown, changed or removed */
  radar: Radar;
  /** a player on the radar: name, team, colour, and a place now and then */
  radar_player: RadarPlayer;
  /** a custom event */
  custom: Custom;
  /** the scene of OBS, and whether it streams, records and keeps a replay buffer */
  obs: Obs;
  /** a source of OBS is shown or hidden in the program output */
  obs_source: ObsSource;
  /** whether an application is connected, its state, and the commands that it accepts */
  application: Application;
}

/** An event (docs/wire.md), with long names in both formats. */
interface Carried<T extends EventType> {
  id: string;
  type: T;
  category: "critical" | "normal" | "cosmetic" | "state";
  /** 0 to 9 */
  priority: number;
  ts_source_ms: number | null;
  /** when Framewire received it, ms since 1970 by the server's clock */
  ts_ingest_ms: number;
  /** 0 is unlimited */
  ttl_ms: number;
  coalesce_key: string | null;
  source: string;
  /** validated by the server; texts are still untrusted */
  payload: Payloads[T];
  /** the number of events that it represents */
  count: number;
  /** position in the critical log; 0 if not logged */
  position: number;
}

export type EventType = keyof Payloads;
/** Events of some types, as a widget for these types receives them. */
export type EventOf<T extends EventType> = { [K in T]: Carried<K> }[T];
export type Event = EventOf<EventType>;

/** A row of catalog.mjs: a type of event with its default presentation and an example of its payload. */
export type Entry = { [T in EventType]: {
  type: T;
  category: Event["category"];
  title: string;
  /** a name of widgets/icons.mjs */
  icon: string;
  tone: "info" | "good" | "bad" | "warm" | "social";
  meaning: string;
  example: Payloads[T];
} }[EventType];
