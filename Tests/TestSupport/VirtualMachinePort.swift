import Glibc
import LinuxSystem

/// A port as QEMU makes it for a VM: a tap device with virtio-net headers, through which the VM hands over super-frames
/// and frames whose checksums are unfinished, VLAN tags in place (Documentation/networking/tuntap.rst).
public final class VirtualMachinePort {
    private let descriptor: Descriptor

    /// Whether it carries bare packets (tun) instead of Ethernet frames.
    private let isBare: Bool

    /// Makes the device in a namespace; it goes with this object.
    public init(_ name: String, in namespace: String, isBare: Bool = false) throws {
        self.isBare = isBare
        let number = try OwnThread.run {
            try NetworkNamespace(path: "/run/netns/\(namespace)").enter()
            let number = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
            guard number >= 0 else { throw LabError("can't open /dev/net/tun: \(String(cString: strerror(errno)))") }
            // struct ifreq of linux/if.h: the name, then the flags IFF_TUN or IFF_TAP, IFF_NO_PI and IFF_VNET_HDR.
            var request = [UInt8](repeating: 0, count: 40)
            request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
            request.withUnsafeMutableBytes {
                $0.storeBytes(of: isBare ? 0x5001 : 0x5002, toByteOffset: 16, as: UInt16.self)
            }
            guard ioctl(number, 0x4004_54ca, &request) == 0 else {  // TUNSETIFF
                throw LabError("can't make the tap device \(name): \(String(cString: strerror(errno)))")
            }
            return number
        }
        descriptor = Descriptor(owning: number)
    }

    /// Gives it another kind of link header (`ARPHRD_…`); it is down then.
    public func setLinkType(_ number: Int32) throws {
        guard ioctl(descriptor.number, 0x4004_54cd, number) == 0 else {  // TUNSETLINK
            throw LabError("can't set the link type: \(String(cString: strerror(errno)))")
        }
    }

    /// Hands over a frame with any offload header: kind of super-frame and size of its segments.
    public func send(_ frame: TCPFrame, kind: UInt8, segmentSize: UInt16) throws {
        try send(frame, kind: kind, size: segmentSize)
    }

    /// Hands over a frame with its checksum unfinished: a super-frame, if a segment size is given.
    public func send(tcp frame: TCPFrame, segmentSize: Int) throws {
        let size = frame.payloadSize > segmentSize ? UInt16(segmentSize) : 0
        // VIRTIO_NET_HDR_GSO_NONE, _TCPV6, _TCPV4
        try send(frame, kind: size == 0 ? 0 : frame.isIPv6 ? 4 : 1, size: size)
    }

    private func send(_ frame: TCPFrame, kind: UInt8, size: UInt16) throws {
        // Without an Ethernet header everything is that much nearer.
        let linkHeader = isBare ? 14 : 0
        let headerLength = UInt16(frame.transport + TCPFrame.headerSize - linkHeader)
        // struct virtio_net_hdr of linux/virtio_net.h, in the byte order of the machine.
        var bytes = [UInt8](repeating: 0, count: 10)
        bytes.withUnsafeMutableBytes {
            $0[0] = 1  // VIRTIO_NET_HDR_F_NEEDS_CSUM
            $0[1] = kind
            $0.storeBytes(of: headerLength, toByteOffset: 2, as: UInt16.self)
            $0.storeBytes(of: size, toByteOffset: 4, as: UInt16.self)
            $0.storeBytes(of: UInt16(frame.transport - linkHeader), toByteOffset: 6, as: UInt16.self)
            $0.storeBytes(of: 16, toByteOffset: 8, as: UInt16.self)
        }
        try descriptor.write(bytes + frame.bytes.dropFirst(linkHeader))
    }
}

/// A TCP segment of a ``Transfer``'s stream, of any size.
public struct TCPFrame: Sendable {
    /// The whole frame. Its TCP checksum is the pseudo-header's, which whoever finishes it goes on from.
    public let bytes: [UInt8]
    /// Where the TCP header begins.
    public let transport: Int
    /// Whether it is IPv6.
    public let isIPv6: Bool
    /// Bytes of the stream in it.
    public let payloadSize: Int
    static let headerSize = 20

    /// The sequence number of the stream's first byte.
    public static let firstSequence: UInt32 = 0xffff_f000  // so that it wraps

    /// - Parameters:
    ///   - range: of the stream.
    ///   - finished: whether its checksum is complete.
    ///   - hasZeroChecksum: whether the window is such that the checksum comes out as zero.
    public init(
        _ range: Range<Int>, tags: [(protocol: UInt16, id: UInt16)] = [], isIPv6: Bool = false, finished: Bool = false,
        hasZeroChecksum: Bool = false
    ) {
        func big(_ value: UInt32) -> [UInt8] {
            WireFrame.big(UInt16(value >> 16)) + WireFrame.big(UInt16(value & 0xffff))
        }
        let size = range.count + Self.headerSize
        var segment = WireFrame.big(40000) + WireFrame.big(Transfer.serverPort)
        segment += big(Self.firstSequence &+ UInt32(range.lowerBound)) + big(1) + [0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]
        segment += range.map { Transfer.byte(at: $0) }
        var header: [UInt8]
        let addresses: [UInt8]
        if isIPv6 {
            func address(_ number: UInt8) -> [UInt8] { [0xfd] + [UInt8](repeating: 0, count: 14) + [number] }
            addresses = address(1) + address(2)
            header = [0x60, 0, 0, 0] + WireFrame.big(UInt16(size)) + [6, 64] + addresses
        } else {
            addresses = [10, 0, 0, 1, 10, 0, 0, 2]
            header = [0x45, 0] + WireFrame.big(UInt16(20 + size)) + [0, 1, 0x40, 0, 64, 6, 0, 0] + addresses
            header.replaceSubrange(10..<12, with: WireFrame.big(~Self.sum(header)))
        }
        var sum = Self.sum(addresses + [0, 6] + WireFrame.big(UInt16(size)))
        if hasZeroChecksum {
            segment.replaceSubrange(14..<16, with: [0, 0])
            segment.replaceSubrange(14..<16, with: WireFrame.big(~Self.sum(WireFrame.big(sum) + segment)))
        }
        if finished { sum = ~Self.sum(WireFrame.big(sum) + segment) }
        segment.replaceSubrange(16..<18, with: WireFrame.big(sum))
        bytes = WireFrame.make(
            to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags, type: isIPv6 ? 0x86dd : 0x0800,
            payload: header + segment)
        transport = 14 + 4 * tags.count + header.count
        self.isIPv6 = isIPv6
        payloadSize = range.count
    }

    /// RFC 1071, not complemented.
    private static func sum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        bytes.withUnsafeBytes { bytes in
            var index = 0
            while index + 1 < bytes.count {
                sum &+= UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
                sum = (sum & 0xffff) + sum >> 16
                index += 2
            }
            if index < bytes.count { sum += UInt32(bytes[index]) << 8 }
        }
        while sum >> 16 != 0 { sum = (sum & 0xffff) + sum >> 16 }
        return UInt16(sum)
    }
}

/// UDP datagrams that the kernel is given many at a time (UDP_SEGMENT of udp(7)).
public enum SegmentedDatagrams {
    /// Sends `count` super-datagrams from a host to another host's port 5300; each datagram's first four bytes number it.
    public static func send(
        _ lab: CommandLab, from client: Int, to server: Int, count: Int, each: Int, size: Int
    ) throws {
        let namespace = lab.host(client)
        try OwnThread.run {
            try NetworkNamespace(path: "/run/netns/\(namespace)").enter()
            let number = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            guard number >= 0 else { throw LabError("can't open a UDP socket") }
            let socket = Descriptor(owning: number)
            var segment = Int32(size)
            guard setsockopt(socket.number, 17, 103, &segment, 4) == 0 else { throw LabError("no UDP_SEGMENT") }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(5300).bigEndian
            address.sin_addr.s_addr = UInt32(10 << 24 | server).bigEndian
            for first in 0..<count {
                let bytes = (0..<each).flatMap { number -> [UInt8] in
                    let own = UInt32(first * each + number)
                    return WireFrame.big(UInt16(own >> 16)) + WireFrame.big(UInt16(own & 0xffff))
                        + [UInt8](repeating: UInt8(truncatingIfNeeded: own), count: size - 4)
                }
                let sent = withUnsafePointer(to: address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(socket.number, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                guard sent == bytes.count else {
                    throw LabError("can't send datagrams: \(String(cString: strerror(errno)))")
                }
            }
        }
    }
}
