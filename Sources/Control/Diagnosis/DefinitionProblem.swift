public import MirrorModel

/// What is wrong with a definition, or hardly meant.
public enum DefinitionProblem: Hashable, Sendable {
    /// It can't be read; the reason begins with file, line and column.
    case unreadable(String)
    /// Its selectors can't be compiled, for this reason.
    case selector(String)
    /// A source by two of its names.
    case sourceTwice(Source)
    /// An output by two of its names.
    case outputTwice(Output)
    case outputIsSource(PortName)
    /// `any` is for logs alone.
    case anyIsNoPort
    /// A bridge as a source that is none, and what it is.
    case notABridge(PortName, kind: String)
    /// An output that is to be reserved, and is on no bridge.
    case notReservable(PortName)
    /// A bridge that is watched as a port: hardly what was meant.
    case bridgeAsPort(PortName)

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .unreadable(let reason):
            Statement(
                .definition, reason, .apart, "correct the file, then run 'portmirror apply'", ["reason": [reason]])
        case .selector(let reason):
            Statement(.filter, reason, .apart, "correct the mirror's filter or VLANs", ["reason": [reason]])
        case .sourceTwice(let source):
            Self.twice("source \(source)", ["source": [source]])
        case .outputTwice(let output):
            Self.twice("output \(output)", ["output": [output]])
        case .outputIsSource(let port):
            Statement(
                .outputIsSource, "\(port) can't be both source and output", .colon, "take it out of one of the two",
                ["port": [port]])
        case .anyIsNoPort:
            Statement(
                .anyIsNoPort, "'any' is no port", .colon,
                "name those that are meant. The packets of all interfaces can be written to files, by 'portmirror log -i "
                    + "any --dir DIR'")
        case .notABridge(let port, let kind):
            Statement(
                .notABridge, "\(port) isn't a bridge (its kind is \(kind))", .colon,
                "watch it as a port (--from \(port))", ["port": [port], "kind": [kind]])
        case .notReservable(let port):
            Statement(
                .notReservable, "\(port) can't be reserved: it isn't a member of a Linux bridge", .semicolon,
                "leave --reserve-output out (\(WayAround.unreserved(nil)))", ["output": [port]])
        case .bridgeAsPort(let bridge):
            Statement(
                .bridgeAsPort,
                "\(bridge) is a bridge: watched as a port it shows only what this host itself sends and gets through it",
                .fullStop, "For every frame that enters the bridge, say --from-bridge \(bridge)", ["bridge": [bridge]])
        }
    }

    private static func twice(_ what: String, _ evidence: [String: [any CustomStringConvertible]]) -> Statement {
        Statement(
            .twice, "\(what) is given twice, by two names of the same port", .colon, "leave out one of them", evidence)
    }
}
