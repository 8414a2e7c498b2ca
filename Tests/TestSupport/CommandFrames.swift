import CLinux
import Glibc
import LinuxSystem

/// Ethernet frames, as bytes on the wire.
public enum WireFrame {
    /// The local experimental EtherType (IEEE 802) that marks a test's last frame.
    public static let sentinelType: UInt16 = 0x88b5

    /// A frame with optional tags (outermost first), filled to at least 60 bytes.
    public static func make(
        to destination: [UInt8], from source: [UInt8], tags: [(protocol: UInt16, id: UInt16)] = [],
        type: UInt16 = 0x88b6, payload: [UInt8] = []
    ) -> [UInt8] {
        var frame = destination + source
        for tag in tags { frame += big(tag.protocol) + big(tag.id) }
        frame += big(type) + payload
        if frame.count < 60 { frame += [UInt8](repeating: 0, count: 60 - frame.count) }
        return frame
    }

    /// An IPv4 UDP frame with valid checksums left at zero where zero is allowed.
    public static func udp(
        to destination: [UInt8], from source: [UInt8], tags: [(protocol: UInt16, id: UInt16)] = [],
        sourcePort: UInt16 = 40000, port: UInt16, payload: [UInt8] = []
    ) -> [UInt8] {
        let length = UInt16(28 + payload.count)
        var header: [UInt8] = [0x45, 0] + big(length) + [0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
        var sum: UInt32 = 0
        for index in stride(from: 0, to: 20, by: 2) { sum += UInt32(header[index]) << 8 | UInt32(header[index + 1]) }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        header.replaceSubrange(10..<12, with: big(~UInt16(sum)))
        let datagram = big(sourcePort) + big(port) + big(UInt16(8 + payload.count)) + [0, 0] + payload
        return make(to: destination, from: source, tags: tags, type: 0x0800, payload: header + datagram)
    }

    /// Big-endian bytes.
    public static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

    /// The EtherType behind all tags.
    public static func type(of frame: [UInt8]) -> UInt16 {
        var offset = 12
        while offset + 1 < frame.count {
            let type = UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1])
            guard type == 0x8100 || type == 0x88a8 else { return type }
            offset += 4
        }
        return 0
    }

    /// The address of everybody.
    public static let broadcast = [UInt8](repeating: 0xff, count: 6)
}

/// Sends frames through an interface of a namespace.
public enum FrameSender {
    /// Writes each to a packet socket of its own thread.
    /// - Parameter bypassing: past the interface's queue, where nobody sees it (`PACKET_QDISC_BYPASS`, packet(7)).
    public static func send(
        _ frames: [[UInt8]], through interface: String, in namespace: String, bypassing: Bool = false
    ) throws {
        try OwnThread.run {
            try NetworkNamespace(path: "/run/netns/\(namespace)").enter()
            let index = if_nametoindex(interface)
            guard index != 0 else { throw LabError("\(namespace) has no interface \(interface)") }
            let number = clinux_packet_open(Int32(index))
            guard number >= 0 else { throw LabError("can't open a packet socket on \(interface)") }
            let socket = Descriptor(owning: number)
            var on: Int32 = 1
            if bypassing, setsockopt(number, 263, 20, &on, 4) != 0 {
                throw LabError("can't pass by \(interface)'s queue")
            }
            for frame in frames { try socket.write(frame) }
        }
    }
}

/// A capture file in the classic format, as tcpdump writes it.
public struct CapturedFrames: Sendable {
    /// One frame.
    public struct Record: Sendable {
        /// What was kept of it.
        public let bytes: [UInt8]
        /// How long it was on the wire.
        public let originalLength: Int
        /// When it was seen, in seconds since 1970.
        public let seconds: Double
    }

    /// In the order of the file.
    public var records: [Record] = []

    /// The bytes alone.
    public var frames: [[UInt8]] { records.map(\.bytes) }

    /// Reads what is complete of a file that may still grow.
    public init(_ file: [UInt8]) {
        func word(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
        }
        var offset = 24
        while offset + 16 <= file.count {
            let length = word(offset + 8)
            guard offset + 16 + length <= file.count else { return }
            let bytes = Array(file[(offset + 16)..<(offset + 16 + length)])
            let seconds = Double(word(offset)) + Double(word(offset + 4)) / 1e6
            records.append(Record(bytes: bytes, originalLength: word(offset + 12), seconds: seconds))
            offset += 16 + length
        }
    }
}
