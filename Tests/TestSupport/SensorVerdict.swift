import Foundation

/// What a sensor makes of a capture of ``SensorTraffic``.
public struct SensorVerdict: Sendable, Equatable, CustomStringConvertible {
    /// Downloads whose path it has seen.
    public var paths = 0
    /// Downloads whose end it has seen.
    public var markers = 0
    /// Names that it has seen asked for.
    public var names = 0
    /// Packets with a wrong checksum.
    public var badChecksums = 0
    /// Packets that are shorter than they say, or larger than any on the wire.
    public var truncated = 0
    /// Places of a TCP stream that it has no bytes for.
    public var gaps = 0

    /// Everything was seen, and nothing was wrong with it.
    public static let complete = SensorVerdict(
        paths: SensorTraffic.rounds, markers: SensorTraffic.rounds, names: SensorTraffic.rounds)

    /// The numbers in a line.
    public var description: String {
        "paths \(paths), markers \(markers), names \(names), bad checksums \(badChecksums), truncated \(truncated), "
            + "gaps \(gaps)"
    }
}

extension CommandLab {
    /// Has an IDS look at a capture: Suricata where it is installed, otherwise tshark.
    public func sensorVerdict(_ capture: String) throws -> SensorVerdict {
        try Requirement.tool("suricata").isMet ? suricataVerdict(capture) : tsharkVerdict(capture)
    }

    /// What tshark's analysis of a capture says.
    public func tsharkVerdict(_ capture: String) throws -> SensorVerdict {
        // Checksums are tested; "partial" ones, which an IDS takes for bad, are bad (0) here, too.
        let tests = ["ip", "tcp", "udp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
        func count(_ filter: String, distinct field: String? = nil) throws -> Int {
            let outcome = try run(
                ["tshark", "-r", capture, "-n", "-Y", filter, "-T", "fields", "-e", field ?? "frame.number"] + tests,
                seconds: 120)
            guard outcome.succeeded else { throw LabError("\(outcome)") }
            let lines = outcome.output.split(separator: "\n")
            return field == nil ? lines.count : Set(lines).count
        }
        return SensorVerdict(
            paths: try count("http.request.uri contains \"\(SensorTraffic.path)\"", distinct: "http.request.uri"),
            markers: try count("tcp.payload contains \"\(SensorTraffic.marker)\"", distinct: "tcp.stream"),
            names: try count(
                "dns.flags.response == 0 and dns.qry.name contains \"\(SensorTraffic.name)\"", distinct: "dns.qry.name"),
            badChecksums: try count("ip.checksum.status == 0 or tcp.checksum.status == 0 or udp.checksum.status == 0"),
            truncated: try count("frame.len > 1518 or frame.cap_len < frame.len or _ws.short"),
            gaps: try count("tcp.analysis.lost_segment or tcp.analysis.ack_lost_segment"))
    }

    /// What Suricata says of a capture: alerts for each of three rules, and its statistics.
    func suricataVerdict(_ capture: String) throws -> SensorVerdict {
        let directory = path("suricata-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let any = "any any -> any any"
        try TextFile.write(
            """
            alert http \(any) (msg:"path"; http.uri; content:"\(SensorTraffic.path)"; sid:1; rev:1;)
            alert tcp \(any) (msg:"marker"; flow:established; content:"\(SensorTraffic.marker)"; sid:2; rev:1;)
            alert dns \(any) (msg:"name"; dns.query; content:"\(SensorTraffic.name)"; sid:3; rev:1;)

            """, to: "\(directory)/rules")
        try TextFile.write(
            """
            %YAML 1.1
            ---
            stats: {enabled: yes, interval: 1}
            outputs:
              - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert, stats]}
            app-layer:
              protocols:
                http: {enabled: yes}
                dns: {udp: {enabled: yes, detection-ports: {dp: 53}}, tcp: {enabled: yes, detection-ports: {dp: 53}}}
            stream: {checksum-validation: yes, reassembly: {depth: 0}}

            """, to: "\(directory)/suricata.yaml")
        let outcome = try run(
            [
                "suricata", "-r", capture, "-c", "\(directory)/suricata.yaml", "-S", "\(directory)/rules",
                "-l", directory, "-k", "all",
            ], seconds: 120)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
        let events = try (TextFile.read("\(directory)/eve.json") ?? "").split(separator: "\n").map {
            try JSONDecoder().decode(SuricataEvent.self, from: Data($0.utf8))
        }
        guard let statistics = events.last(where: { $0.stats != nil })?.stats else {
            throw LabError("Suricata tells no statistics: \(outcome)")
        }
        func flows(_ rule: Int) -> Int {
            Set(events.filter { $0.alert?.signatureID == rule }.compactMap(\.flowID)).count
        }
        return SensorVerdict(
            paths: flows(1), markers: flows(2), names: flows(3),
            badChecksums: statistics.tcp?.invalidChecksum ?? 0,
            truncated: statistics.decoder?.event?.ipv4?.truncated ?? 0, gaps: statistics.tcp?.gaps ?? 0)
    }
}

/// A line of Suricata's eve.json, as far as it is of interest.
private struct SuricataEvent: Decodable {
    struct Alert: Decodable {
        let signatureID: Int

        enum CodingKeys: String, CodingKey { case signatureID = "signature_id" }
    }
    struct Statistics: Decodable {
        struct TCP: Decodable {
            let invalidChecksum: Int?
            let gaps: Int?

            enum CodingKeys: String, CodingKey {
                case invalidChecksum = "invalid_checksum"
                case gaps = "reassembly_gap"
            }
        }
        struct Decoder: Decodable {
            struct Event: Decodable {
                struct IPv4: Decodable {
                    let truncated: Int?

                    enum CodingKeys: String, CodingKey { case truncated = "trunc_pkt" }
                }
                let ipv4: IPv4?
            }
            let event: Event?
        }
        let tcp: TCP?
        let decoder: Decoder?
    }
    let flowID: Int?
    let alert: Alert?
    let stats: Statistics?

    enum CodingKeys: String, CodingKey {
        case alert, stats
        case flowID = "flow_id"
    }
}
