import JSONCoding
import MirrorConfig
import MirrorModel
import MirrorPlan
import Report

/// JSON with stable keys, sorted, on standard output; docs/reference/json.md describes them.
enum JSONOutput {
    static func print(_ value: some Encodable) throws { Terminal.write(try text(value)) }

    static func text(_ value: some Encodable) throws -> String {
        escapedJSON(String(decoding: try JSON.encode(value, .indented), as: UTF8.self)) + "\n"
    }
}

/// A mirror as `show --json` and `list --json` print it.
struct MirrorJSON: Encodable {
    let name: String
    let state: String
    let reason: String
    let engine: String?
    let from: [SourceJSON]
    let to: [OutputJSON]
    let counters: CountersJSON
    let points: [PointJSON]
    let vlans: String?
    let filter: String?
    let sample: UInt32?
    let snaplen: UInt32?
    let spread: Bool?
    let reserve: Bool?
    let keepOffloads: Bool?
    let until: String?
    /// Why the mirror isn't Open vSwitch's though its ports are.
    let note: String?
    /// How old the counters can be, in seconds.
    let countersAge: Int64?
    /// Of the process that copies.
    let process: ProcessJSON?

    enum CodingKeys: String, CodingKey {
        case name, state, reason, engine, from, to, counters, points, vlans, filter, sample, snaplen, spread, reserve
        case until, process
        case keepOffloads = "keep-offloads"
        case note
        case countersAge = "counters-age"
    }

    struct SourceJSON: Encodable {
        let port: String
        let direction: String
        /// true for a bridge, whose every frame counts as it enters.
        let bridge: Bool
        let state: String
        /// The interface's own name, where `port` is an altname of it.
        let interface: String?
    }

    struct OutputJSON: Encodable {
        /// The port; null for a VLAN.
        let port: String?
        let vlan: UInt16?
        let bridge: String?
        /// The directory of capture files.
        let files: String?
        let format: String?
        let compress: String?
        let name: String?
        /// Bytes.
        let rotateSize: UInt64?
        /// Seconds.
        let rotateTime: Int64?
        let rotatePackets: UInt32?
        let keepFiles: UInt32?
        /// Bytes.
        let keepBytes: UInt64?
        /// Seconds.
        let keepAge: Int64?
        let keepPercent: UInt8?
        let state: String
        /// The interface's own name, where `port` or `bridge` is an altname of it.
        let interface: String?
        /// Packets that the port's queueing discipline has dropped, whosever; left out where it has dropped none.
        let queueDropped: UInt64?
        /// Of a tap's: "direct" or "queue".
        let way: String?
        /// Why it is "queue".
        let wayReason: String?

        enum CodingKeys: String, CodingKey {
            case queueDropped = "queue-dropped"
            case way
            case wayReason = "way-reason"
            case port, vlan, bridge, files, format, compress, name, state, interface
            case rotateSize = "rotate-size"
            case rotateTime = "rotate-time"
            case rotatePackets = "rotate-packets"
            case keepFiles = "keep-files"
            case keepBytes = "keep-bytes"
            case keepAge = "keep-age"
            case keepPercent = "keep-percent"
        }

        init(_ output: MirrorStatus.OutputStatus, _ way: TapReport.Way?) {
            self.way = way.map { $0.queueReason == nil ? "direct" : "queue" }
            wayReason = way?.queueReason
            state = output.state.rawValue
            interface = output.interface?.description
            port = output.output.port?.description
            if case .vlan(let id, let name) = output.output {
                (vlan, bridge) = (id, name.description)
            } else {
                (vlan, bridge) = (nil, nil)
            }
            let settings = output.output.files
            files = settings?.directory.description
            format = settings?.format.rawValue
            compress = settings?.compression?.rawValue
            name = settings?.name
            rotateSize = settings?.rotateSize
            rotateTime = settings?.rotateTime?.components.seconds
            rotatePackets = settings?.rotatePackets
            keepFiles = settings?.keepFiles
            keepBytes = settings?.keepBytes
            keepAge = settings?.keepAge?.components.seconds
            keepPercent = settings?.keepPercent
            queueDropped = output.queue?.dropped
        }
    }

    struct TrafficJSON: Encodable {
        let packets: UInt64
        let bytes: UInt64
    }

    struct FailedJSON: Encodable {
        let packets: UInt64
        /// Whether there may have been more, and fewer copies delivered; left out where the numbers are exact.
        var minimum: Bool?
        /// Where the engine tells.
        let reasons: [String: UInt64]?
    }

    struct ProcessJSON: Encodable {
        let id: Int32
        let since: String
        let lost: FailedJSON
        let ports: [WatchedJSON]
        let files: [WrittenJSON]

        init(_ tap: TapReport) {
            id = tap.process
            since = formatTimestamp(tap.since)
            lost = FailedJSON(packets: tap.lost, reasons: nil)
            ports = tap.sources.map {
                WatchedJSON(
                    port: $0.port.description, received: $0.received, lost: $0.lost, superFrames: $0.superFrames,
                    segments: $0.segments)
            }
            files = tap.files.map {
                WrittenJSON(
                    directory: $0.directory.description, current: $0.current, finished: $0.finished,
                    removed: $0.removed, bytes: $0.bytes)
            }
        }
    }

    struct WatchedJSON: Encodable {
        let port: String
        let received: UInt64
        let lost: UInt64
        let superFrames: UInt64
        let segments: UInt64

        enum CodingKeys: String, CodingKey {
            case port, received, lost, segments
            case superFrames = "super-frames"
        }
    }

    struct WrittenJSON: Encodable {
        let directory: String
        let current: String?
        let finished: UInt64
        let removed: UInt64
        let bytes: UInt64
    }

    struct CountersJSON: Encodable {
        let selected: TrafficJSON
        /// null where failures aren't counted.
        let delivered: TrafficJSON?
        let failed: FailedJSON?
        init(_ counters: Counters, failures: [TapReport.Failure: UInt64]?) {
            selected = TrafficJSON(packets: counters.selectedPackets, bytes: counters.selectedBytes)
            guard counters.knowsFailures else {
                (delivered, failed) = (nil, nil)
                return
            }
            delivered = TrafficJSON(packets: counters.deliveredPackets, bytes: counters.deliveredBytes)
            failed = FailedJSON(
                packets: counters.failedPackets, minimum: counters.failuresAreMinimum ? true : nil,
                reasons: failures.map {
                    Dictionary($0.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first })
                })
        }
    }

    struct PointJSON: Encodable {
        let port: String
        /// null for Open vSwitch, which counts all sources together.
        let direction: String?
        let output: String?
        let selected: TrafficJSON
        let delivered: TrafficJSON?
        let failed: FailedJSON?

        init(_ point: MirrorStatus.PointStatus, tellsReasons: Bool) {
            let counters = CountersJSON(point.counters, failures: tellsReasons ? point.failures : nil)
            port = point.port.description
            direction = point.hook?.rawValue
            output = point.output?.description
            selected = counters.selected
            delivered = counters.delivered
            failed = counters.failed
        }
    }

    init(_ status: MirrorStatus) {
        name = status.name.description
        state = status.state.rawValue
        reason = status.reason
        engine = status.engine?.rawValue
        from = status.sources.map { source in
            switch source.source {
            case .port(let port, let direction):
                SourceJSON(
                    port: port.description, direction: direction.rawValue, bridge: false,
                    state: source.state.rawValue, interface: source.interface?.description)
            case .bridge(let port):
                SourceJSON(
                    port: port.description, direction: Direction.ingress.rawValue, bridge: true,
                    state: source.state.rawValue, interface: source.interface?.description)
            }
        }
        to = status.outputs.map { OutputJSON($0, status.way(of: $0.output)) }
        note = status.note
        countersAge = status.countersAge?.components.seconds
        let tellsReasons = status.tap != nil
        counters = CountersJSON(status.total, failures: tellsReasons ? status.failures : nil)
        points = status.points.map { PointJSON($0, tellsReasons: tellsReasons) }
        process = status.tap.map(ProcessJSON.init)
        let mirror = status.mirror
        vlans = mirror?.vlans?.description
        filter = mirror?.filter
        sample = mirror?.sample
        snaplen = mirror?.snaplen
        spread = mirror.flatMap { $0.spread ? true : nil }
        reserve = mirror?.reserve
        keepOffloads = mirror?.keepOffloads
        until = mirror?.until.map(formatTimestamp)
    }
}
