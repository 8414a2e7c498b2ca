public import MirrorModel

/// Which engine has a mirror, or why none can.
public enum EngineProblem: Hashable, Sendable {
    /// The one that the definition names isn't there.
    case notHere(EngineName)
    case noneFits(NoneFits)
    /// One that may have the mirror doesn't answer; what is known of that, in words.
    case silent(EngineName, reason: String?, way: WayAround)
    /// It is unknown whether Open vSwitch copies, for this reason; whether its server doesn't run, or isn't asked.
    case unknown(reason: String, isAsked: Bool, way: WayAround)
    /// A port of Open vSwitch, whose database isn't found; what is known of that, in words.
    case unseenSwitch(port: PortName, reason: String?, way: WayAround)
    /// Open vSwitch isn't looked at, and this engine has the mirror instead.
    case notLookedAt(instead: EngineName)
    /// An engine has the mirror that isn't the obvious one, since others can't; whether a process has to run.
    case choice(EngineName, since: [EngineObstacles], process: MirrorName?)

    /// Why none can have it, and what would help.
    public struct NoneFits: Hashable, Sendable {
        /// Those that come into question.
        public var engines: [EngineObstacles]
        /// Others that could have it.
        public var others: [EngineName] = []
        /// Why those others aren't there; empty if one is.
        public var othersUnavailable: [String] = []
        /// The engine that could have it with outputs that aren't reserved.
        public var unreserved: Unreserved?
        /// Whether it is somebody else's mirror that has its output.
        public var isOthers = false

        public init(_ engines: [EngineObstacles]) { self.engines = engines }
    }

    /// An engine that could have a mirror, but for its outputs' being reserved.
    public struct Unreserved: Hashable, Sendable {
        /// Which.
        public var engine: EngineName
        /// Whether the mirror has it by itself then.
        public var isChosen: Bool

        public init(_ engine: EngineName, isChosen: Bool) {
            self.engine = engine
            self.isChosen = isChosen
        }
    }

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .notHere(let engine):
            return Statement(
                .noSuchEngine, "there is no \(engine) engine here", .apart, "leave --engine out, or name another",
                ["engine": [engine]])
        case .noneFits(let found): return found.statement
        case .silent(let engine, let reason, let way):
            return Statement(
                .switchSilent,
                "\(reason ?? "the \(engine) engine doesn't answer"), so it is unknown whether this mirror is, or should be, "
                    + "there", .colon, way.words.map { "start it, or \($0)" } ?? "start it",
                ["engine": [engine], "reason": reason.map { [$0] } ?? []])
        case .unknown(let reason, let isAsked, let way):
            return Statement(
                .switchUnknown, "\(reason): it is unknown whether it copies", .fullStop,
                (isAsked ? "Start ovsdb-server" : "Leave out --db (and OVS_DB) to look there")
                    + (way.words.map { ", or \($0)" } ?? ""),
                ["reason": [reason]])
        case .unseenSwitch(let port, let reason, let way):
            return Statement(
                .switchUnseen, "\(port) is a port of Open vSwitch, and \(reason ?? "that doesn't answer")", .colon,
                way.words.map { "start ovsdb-server, say where its database is (--db), or \($0)" }
                    ?? "start ovsdb-server, or say where its database is (--db)",
                ["port": [port], "reason": reason.map { [$0] } ?? []])
        case .notLookedAt(let engine):
            return Statement(
                .switchNotLookedAt,
                "Open vSwitch isn't looked at (--db none, or OVS_DB): if ports of this mirror are its own, the next command "
                    + "that does look moves the mirror there", .semicolon, "say --engine \(engine) to keep it as it is",
                ["engine": [engine]])
        case .choice(let engine, let others, let process):
            let reason =
                others.isEmpty
                ? nil
                : "the \(engine) engine has it, since "
                    + others.map(\.description).joined(separator: ", and ")
            let runs = process.map { "it copies while 'portmirror run \($0)' runs" }
            return Statement(
                .engineChoice, [reason, runs].compactMap { $0 }.joined(separator: "; "), .apart,
                process.map { "keep 'portmirror run \($0)' running" } ?? "say --engine to have another",
                ["engine": [engine], "obstacles": others])
        }
    }
}

extension EngineProblem.NoneFits {
    fileprivate var statement: Statement {
        var message = engines.map(\.description).joined(separator: "; ")
        var ways: [String] = []
        if !others.isEmpty {
            message += "; \(others.map(\.description).joined(separator: " and ")) can"
            if othersUnavailable.isEmpty {
                ways.append("say " + others.map { "--engine \($0)" }.joined(separator: " or "))
            } else {
                message += ", but \(othersUnavailable.joined(separator: " and "))"
            }
        }
        if let way = unreserved {
            let change = WayAround.unreserved(way.isChosen ? nil : way.engine)
            message += ". Without --reserve-output \(way.engine) can (\(change))"
            ways.append("leave --reserve-output out (\(change))")
        }
        if isOthers {
            let command = "portmirror import --take-over"
            message += ". To make somebody's mirror this tool's: \(command)"
            ways.append(command)
        }
        return Statement(
            .capability, message, .apart,
            ways.isEmpty ? "leave out what no engine here can do" : ways.joined(separator: ", or "),
            ["engines": engines.map(\.engine), "obstacles": engines, "others": others])
    }
}

/// How to have a mirror whatever Open vSwitch does.
public struct WayAround: Hashable, Sendable {
    /// The engine that can have it without Open vSwitch; nil if none can.
    public var engine: EngineName?
    /// Whether a process copies then.
    public var isProcess: Bool
    /// Whether its outputs can't be reserved then.
    public var isUnreserved: Bool

    public init(engine: EngineName?, isProcess: Bool, isUnreserved: Bool) {
        self.engine = engine
        self.isProcess = isProcess
        self.isUnreserved = isUnreserved
    }

    /// What to type; nil if there is no such way.
    var words: String? {
        guard let engine else { return nil }
        let way = "have \(isProcess ? "a process" : "the kernel") do it: --engine \(engine)"
        return isUnreserved ? "\(way), and no --reserve-output (\(Self.unreserved(engine)))" : way
    }

    /// How a mirror that is defined loses the wish to reserve outputs.
    static func unreserved(_ engine: EngineName?) -> String {
        "with 'set': \(engine.map { "--engine \($0) " } ?? "")--unset reserve-output"
    }
}
