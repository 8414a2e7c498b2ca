import ArgumentParser
import MirrorConfig
import MirrorModel
import PacketFilter
import TapHost

/// What is copied: the same options for tap and log.
struct TapSourceOptions: ParsableArguments {
    @Option(
        name: [.customShort("i"), .customLong("interface")],
        help: ArgumentHelp(
            "A port to listen on; again, or with commas, for more.", valueName: "port[:ingress|:egress|:both]"),
        completion: Completing.ports)
    var interfaces: [String] = []

    @Option(
        name: .customLong("from-bridge"),
        help: ArgumentHelp("A bridge to listen on: every frame that enters it, once.", valueName: "bridge"),
        completion: Completing.ports)
    var bridges: [String] = []

    @Option(
        help: ArgumentHelp("Of all -i without one: ingress, egress or both (default).", valueName: "direction"),
        completion: .list(Direction.allCases.map(\.rawValue)))
    var direction: String?

    @Option(name: .customLong("vlan"), help: ArgumentHelp("VLAN ids to copy; 0 is untagged.", valueName: "10,20-29"))
    var vlans: String?

    @Option(help: ArgumentHelp("Copy one frame in N, by chance.", valueName: "n"))
    var sample: UInt32?

    @Option(
        name: [.customShort("s"), .long], help: ArgumentHelp("Cut copies after this many bytes.", valueName: "bytes"))
    var snaplen: UInt32?

    @Option(
        name: [.customShort("c"), .customLong("count")],
        help: ArgumentHelp("End after this many frames.", valueName: "n"))
    var count: UInt64?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("End after this time: 45s, 10m, 1h30m, 2d.", valueName: "time"))
    var time: String?

    @Option(
        name: [.customShort("R"), .customLong("read")], parsing: .upToNextOption,
        help: ArgumentHelp(
            "Copy the frames of captures instead, one file after the other; - is standard input.", valueName: "file"),
        completion: .file())
    var captures: [String] = []

    @Flag(help: "With -R: frame by frame in the time that they took, instead of at once.")
    var paced = false

    @Flag(help: "Leave super-frames whole and checksums unfinished, as the kernel has them.")
    var keepOffloads = false

    @Option(
        help: ArgumentHelp(
            "How long a frame may be kept back at low rates: 1ms to 1s (default 5ms, 40ms to files alone).",
            valueName: "time"))
    var latency: String?

    @Option(help: ArgumentHelp("Memory for frames that wait: 1M to 4G (default 32M).", valueName: "size"))
    var ring: String?

    @Flag(
        name: .customLong("no-promiscuous"),
        help: "Copy only what the port would let through anyway: no promiscuous mode.")
    var isNotPromiscuous = false

    @Flag(help: "Wait for ports that aren't there yet.")
    var wait = false

    @Argument(help: ArgumentHelp("A pcap-filter(7) expression that frames have to match.", valueName: "filter"))
    var filter: [String] = []

    /// The expression; nil for none.
    var expression: String? { filter.isEmpty ? nil : filter.joined(separator: " ") }

    /// The mirror that this is, run without a definition. Everything wrong is said at once.
    /// - Parameter outputs: with what is wrong with them already.
    func mirror(named name: String, to outputs: [Output], spread: Bool = false, problems before: [String]) throws
        -> Mirror
    {
        var problems = before
        func value<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let direction = direction.flatMap { Direction(rawValue: $0) }
        if let text = self.direction, direction == nil {
            problems.append("--direction is ingress, egress or both, not '\(text)'")
        }
        let interfaces = interfaces.flatMap(parseList)
        var sources = interfaces.compactMap { text in value { try parseSource(text) } }
        if let direction, sources.count == interfaces.count {
            sources = zip(sources, interfaces).map { source, text in
                text.hasSuffix(":\(Direction.both)") ? source : source.directed(direction)
            }
        }
        sources += bridges.flatMap(parseList).compactMap { text in value { Source.bridge(try parsePort(text)) } }
        if sources.isEmpty, captures.isEmpty, problems.isEmpty { problems.append("no source: say -i PORT, or -R FILE") }
        if !captures.isEmpty, !interfaces.isEmpty || !bridges.isEmpty {
            problems.append("-R reads captures instead of a port: leave out one of the two")
        }
        if paced, captures.isEmpty { problems.append("--paced is for captures: say -R FILE") }
        if Set(sources).count < sources.count { problems.append("a source is given twice") }
        if Set(outputs).count < outputs.count { problems.append("an output is given twice") }
        problems += Self.problems(ofAll: sources, to: outputs)
        let vlans = vlans.flatMap { text in value { try VLANSet(parsing: text) } }
        if sample == 0 { problems.append("--sample 0 would copy nothing; 1 copies every frame") }
        if count == 0 { problems.append("-c 0 would copy nothing") }
        if let snaplen, !(14...262_144).contains(snaplen) { problems.append("--snaplen is 14 to 262144 bytes") }
        if expression?.allSatisfy(\.isWhitespace) == true {
            problems.append("the filter is empty; leave it out to copy all")
        } else if expression != nil || vlans != nil {
            let framing: Framing = sources.contains { $0.port.isAny } ? .cooked : .ethernet
            _ = value {
                try selectorProgram(vlans: vlans?.ranges, expression: expression, sample: 1, framing: framing)
            }
        }
        _ = value { try limits }
        _ = value { try duration }
        let mirror = Mirror(
            name: try MirrorName(name), sources: sources, outputs: outputs, vlans: vlans, filter: expression,
            sample: sample ?? 1, snaplen: snaplen, spread: spread, engine: .tap, keepOffloads: keepOffloads)
        if problems.isEmpty, captures.isEmpty { problems = mirror.problems.map { "--\($0.key) \($0.problem)" } }
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n       ")) }
        return mirror
    }

    /// What can't be together with `any`, all interfaces: nothing but files can hold what they carry.
    static func problems(ofAll sources: [Source], to outputs: [Output]) -> [String] {
        guard sources.contains(where: { $0.port.isAny }) else { return [] }
        let ports = outputs.compactMap(\.name)
        return (sources.count > 1 ? ["'any' stands for all interfaces: name it alone"] : [])
            + (ports.isEmpty
                ? []
                : [
                    "the packets of all interfaces begin with different headers, so no port can send them, and what "
                        + "\(ports[0]) sends would be copied again: write them to files, with "
                        + "'portmirror log -i any --dir DIR', or name the interfaces"
                ])
    }

    /// Of `--for`.
    var duration: Duration? {
        get throws { try time.map { .seconds(try parseDuration($0)) } }
    }

    /// Of `--latency` and `--ring`.
    var limits: TapLimits { get throws { try TapLimits(latency: latency, ring: ring) } }

    /// What they say beyond the mirror.
    func apply(to tap: inout TapConfiguration) throws {
        try limits.apply(to: &tap)
        tap.captures = captures
        tap.isPaced = paced
        tap.limit = count
        tap.duration = try duration
        tap.isPromiscuous = !isNotPromiscuous
        tap.waits = wait
    }
}

/// When a tap or log has enough files.
struct FileEndOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("End after so many finished files; with several directories, in each.", valueName: "n"))
    var rotateFiles: UInt32?

    /// - Parameter settings: of the files that are written.
    func problems(_ settings: [FileSettings]) -> [String] {
        guard let rotateFiles else { return [] }
        if rotateFiles == 0 { return ["--rotate-files 0 would write nothing"] }
        let ends = settings.allSatisfy { $0.rotateSize != nil || $0.rotateTime != nil || $0.rotatePackets != nil }
        return ends ? [] : ["--rotate-files needs --rotate-size, --rotate-time or --rotate-packets: else no file ends"]
    }
}

/// How much a tap may keep back, and for how long.
struct TapLimits {
    private var latency: UInt32?
    private var ringBytes: Int?

    func apply(to tap: inout TapConfiguration) {
        tap.latency = latency
        if let ringBytes { tap.ringBytes = ringBytes }
    }

    /// - Throws: `ValidationError` that says what may be.
    init(latency: String?, ring: String?) throws {
        if let latency {
            let digits = latency.prefix { $0.isNumber }
            let milliseconds: [Substring: UInt32] = ["ms": 1, "s": 1000]
            guard let number = UInt32(digits), let unit = milliseconds[latency.dropFirst(digits.count)],
                (1...1000 / unit).contains(number)
            else { throw ValidationError("--latency is 1ms to 1s, as in 5ms; not '\(latency)'") }
            self.latency = number * unit
        }
        if let ring {
            guard let size = try? parseSize(ring), (1 << 20...4 << 30).contains(size) else {
                throw ValidationError("--ring is 1M to 4G, not '\(ring)'")
            }
            ringBytes = Int(size)
        }
    }
}

extension Source {
    fileprivate func directed(_ direction: Direction) -> Source {
        if case .port(let name, .both) = self { .port(name, direction) } else { self }
    }
}

/// Who the process is once everything is open.
struct PrivilegeOptions: ParsableArguments {
    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("Become this user once sockets and directories are open.", valueName: "user"))
    var user: String?

    @Option(name: [.customShort("g"), .long], help: ArgumentHelp("Become a member of this group.", valueName: "group"))
    var group: String?

    @Option(
        help: ArgumentHelp(
            "Have this directory as root; the directories of capture files are in there.", valueName: "dir"),
        completion: .directory)
    var chroot: String?

    var identity: TapConfiguration.Privileges { .init(user: user, group: group, root: chroot) }
}

/// How much is printed meanwhile and at the end.
struct ReportOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Print the counters this often: 10s, 1m.", valueName: "time"))
    var statusInterval: String?

    @Flag(name: [.customShort("q"), .long], help: "Print no counters at the end, and show no progress.")
    var quiet = false

    @Flag(help: "Print counters as JSON objects, a line each, on standard output.")
    var json = false

    /// Of `--status-interval`.
    var interval: Duration? {
        get throws {
            do { return try statusInterval.map { .seconds(try parseDuration($0)) } } catch {
                throw ValidationError("--status-interval: \(error)")
            }
        }
    }
}
