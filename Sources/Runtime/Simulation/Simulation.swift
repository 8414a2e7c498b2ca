internal import CaptureFile
internal import LinuxSystem
internal import MirrorEngine
public import MirrorModel
internal import PacketFilter
internal import PacketSocket
internal import ReferenceModel
internal import Synchronization
public import TapHost

/// The reference model between a capture and files of copies. What it holds doesn't grow with the capture.
public struct Simulation {
    private var model: ReferenceModel
    private let port: PortName
    private let writer = PcapWriter()
    private let directory: String
    /// Each output's records that aren't in its file yet.
    private var files: [Output: [UInt8]] = [:]
    /// Bytes of all of them.
    private var waiting = 0
    private static let mostWaiting = 4 << 20
    /// Outputs whose files are begun.
    private var begun: Set<Output> = []
    /// A learning bridge of a real machine knows some thousands.
    var mostStations = 1_000_000
    /// What they are called.
    private var paths: [Output: String] = [:]
    private var counts: [Trace.Route: (copies: Int, bytes: Int)] = [:]
    private let routes: [Trace.Route]
    /// Bytes that the capture lacks of the frame that passes now: a filter's `greater` and `less` mean the whole.
    private let cutOff = SharedCount()
    /// How many frames there were.
    public private(set) var seen = 0
    /// How many of them had been cut when they were captured.
    public private(set) var cutFrames = 0

    /// What an output got of a mirror, as `--json` prints it.
    public struct Result: Encodable {
        /// The mirror's name.
        public let mirror: String
        /// The output, as it is written in a definition.
        public let output: String
        /// Frames.
        public let copies: Int
        /// Bytes of them.
        public let bytes: Int
        /// Where they are.
        public let file: String
    }

    /// - Parameters:
    ///   - port: at which the capture's frames are seen.
    ///   - bridge: that the port is a member of, if it is.
    ///   - seed: which frames a sample picks.
    ///   - directory: of the copies' files; made if it isn't there.
    /// - Throws: ``FilterError``.
    public init(mirrors: [Mirror], port: PortName, bridge: PortName?, seed: UInt64, out directory: String) throws {
        self.port = port
        self.directory = directory
        var programs: [String: BPFProgram] = [:]
        for expression in mirrors.compactMap(\.filter) where programs[expression] == nil {
            programs[expression] = try selectorProgram(vlans: nil, expression: expression, sample: 1)
        }
        let compiled = programs
        let cutOff = cutOff
        let chance = Chance(seed: seed)
        model = ReferenceModel(
            topology: Self.topology(mirrors, port: port, bridge: bridge), mirrors: mirrors,
            picks: { mirror, _ in chance.isOne(in: mirror.sample) },
            spreads: { mirror, frame in UInt32(Self.share(of: frame.bytes, in: mirror)) },
            matches: { expression, frame, tag in
                let view = PacketView(
                    bytes: frame.bytes, metadataTag: tag.map { PacketView.Tag(tpid: $0.tpid, tci: $0.tci) },
                    length: UInt32(clamping: frame.bytes.count + cutOff.count))
                return compiled[expression].map { $0.run(on: view) != 0 } ?? false
            })
        routes = mirrors.flatMap { mirror in mirror.outputs.map { .init(mirror.name, $0) } }
        var taken: Set<String> = []
        for output in mirrors.flatMap(\.outputs) where files[output] == nil {
            files[output] = []
            paths[output] = Self.fileName(of: output, &taken)
        }
    }

    /// The place of the output that a tap would choose. A tap counts ports first, then directories.
    private static func share(of bytes: [UInt8], in mirror: Mirror) -> Int {
        let outputs = mirror.outputs
        let order =
            outputs.indices.filter { outputs[$0].files == nil } + outputs.indices.filter { outputs[$0].files != nil }
        return order[FlowHash().output(of: bytes, among: order.count)]
    }

    /// The port, its bridge if it has one, and the outputs: as much of a machine as a capture tells of.
    private static func topology(_ mirrors: [Mirror], port: PortName, bridge: PortName?) -> Topology {
        var topology = Topology()
        var index: Int32 = 1
        func add(_ name: PortName, _ kind: PortKind, master: Int32? = nil) {
            guard topology[name] == nil else { return }
            topology.insert(
                Port(
                    name: name, index: index, kind: kind, master: master,
                    bridgePort: master == nil ? nil : BridgePortSettings()))
            index += 1
        }
        if let bridge { add(bridge, .bridge(spanningTree: false)) }
        add(port, .other("ether"), master: bridge == nil ? nil : 1)
        for name in mirrors.flatMap(\.outputs).compactMap(\.name) { add(name, .other("ether")) }
        return topology
    }

    /// Runs a capture through the machine, all of it or as much as is whole.
    /// - Parameters:
    ///   - hook: the direction of frames that have none of their own.
    ///   - warn: takes what is amiss with a capture that is read all the same.
    public mutating func run(over capture: CaptureSource, hook: Hook, warn: (String) -> Void) throws {
        var reader = CaptureReader()
        do {
            while true {
                while let packet = try reader.next() { try pass(packet, hook: hook) }
                switch try capture.next() {
                case .bytes(let bytes): reader.feed(bytes)
                case .later: try capture.wait()
                case .end: return try reader.finish()
                }
            }
        } catch let error as CaptureFileError where error.code == .truncated && reader.endOfWholeRecords > 0 {
            warn(capture.warning(error))
        } catch let error as CaptureFileError {
            if seen > 0 { try write() }
            throw UserError(
                "can't read \(capture.name): \(error)",
                advice: seen > 0 ? "the copies of the \(counted(seen, "frame")) before that are in \(directory)" : "")
        }
    }

    private mutating func pass(_ packet: CapturedPacket, hook: Hook) throws {
        guard packet.linkType == .ethernet else {
            throw UserError(
                "the capture holds frames of link type \(packet.linkType.rawValue); only Ethernet (1) can be mirrored")
        }
        seen += 1
        let cutOff = max(0, Int(packet.originalLength) - packet.capturedBytes.count)
        if cutOff > 0 { cutFrames += 1 }
        self.cutOff.count = cutOff
        let direction: Hook =
            switch packet.direction {
            case .inbound: .ingress
            case .outbound: .egress
            case nil: hook
            }
        let frame = Frame(packet.capturedBytes)
        let trace =
            direction == .ingress ? model.receive(frame, at: port) : model.send(frame, from: port)
        for event in trace.events {
            switch event {
            case .copied(let copy, let frame): keep(frame, of: packet, copy)
            case .recorded(let copy, let record): keep(record.frame, of: packet, copy)
            case .passed, .failed, .delivered, .cutShort: break
            }
        }
        if waiting >= Self.mostWaiting { try write() }
        guard model.knownStations <= mostStations else {
            throw UserError(
                "the capture has frames of more than \(mostStations) senders: no bridge keeps so many apart",
                advice: "take a piece of it, as with editcap(1), or leave out --bridge")
        }
    }

    private mutating func keep(_ frame: Frame, of packet: CapturedPacket, _ copy: Copy) {
        let route = Trace.Route(copy.mirror, copy.output)
        counts[route, default: (0, 0)].copies += 1
        counts[route, default: (0, 0)].bytes += frame.bytes.count
        waiting += frame.bytes.count + PcapWriter.recordOverhead
        writer.append(
            frame.bytes, timestamp: packet.timestamp ?? 0, originalLength: packet.originalLength,
            to: &files[copy.output, default: []])
    }

    /// Writes what waits to the files.
    private mutating func write() throws {
        if begun.isEmpty { try Files.makeDirectory(directory) }
        for (output, records) in files {
            let path = path(of: output)
            if begun.insert(output).inserted {
                try Files.overwrite(path, with: writer.header + records)
            } else {
                do throws(SystemError) {
                    // O_WRONLY | O_APPEND
                    try Descriptor.open(path, flags: 0o2001).write(records)
                } catch {
                    throw SystemError(error.errno, "write", path)
                }
            }
            files[output] = []
        }
        waiting = 0
    }

    /// Completes the files.
    public mutating func results() throws -> [Result] {
        try write()
        return routes.map { route in
            let count = counts[route] ?? (0, 0)
            return Result(
                mirror: route.mirror.description, output: route.output.description, copies: count.copies,
                bytes: count.bytes, file: path(of: route.output))
        }
    }

    private func path(of output: Output) -> String {
        "\(directory)/\(paths[output] ?? output.description).pcap"
    }

    /// A directory's path is no file's name; one that comes out the same as another's gets a number.
    private static func fileName(of output: Output, _ taken: inout Set<String>) -> String {
        let plain =
            output.files.map { "files" + $0.directory.description.split(separator: "/").map { "-\($0)" }.joined() }
            ?? output.description
        var name = plain
        var number = 1
        while !taken.insert(name).inserted {
            number += 1
            name = "\(plain)-\(number)"
        }
        return name
    }
}

/// A number that a closure sees as it is now.
private final class SharedCount: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int {
        get { value.load(ordering: .relaxed) }
        set { value.store(newValue, ordering: .relaxed) }
    }
}

/// A repeatable source of chance for sampling (SplitMix64).
private final class Chance: Sendable {
    private let state: Mutex<UInt64>

    init(seed: UInt64) { state = Mutex(seed) }

    func isOne(in count: UInt32) -> Bool {
        guard count > 1 else { return true }
        let value = state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return mixed ^ mixed >> 31
        }
        return value % UInt64(count) == 0
    }
}
