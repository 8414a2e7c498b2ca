internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import MirrorModel

/// A packet socket (packet(7)) on one interface: what arrives there, and a way to send.
final class LabPacketSocket {
    private let descriptor: Descriptor
    private let name: String
    private let buffers = Buffers()

    /// Opens one in the calling thread's network namespace. It hears what arrives from now on, not what is sent.
    init(index: Int32, name: String) throws {
        descriptor = Descriptor(owning: try labCheck(clinux_packet_open(index), "open a packet socket on \(name)"))
        self.name = name
        try labSet(descriptor, PacketOption.ignoreOutgoing, 1, "leave out what \(name) sends")
    }

    /// Sends a frame; what the kernel says against it is returned.
    func send(_ bytes: [UInt8]) -> Errno? {
        let sent = Glibc.send(descriptor.number, bytes, bytes.count, 0)
        return sent == bytes.count ? nil : Errno(errno)
    }

    /// The next frame that has arrived, its outermost VLAN tag back in its place; nil if there is none.
    func receive() throws -> Frame? {
        buffers.prepare()
        let size = recvmsg(descriptor.number, &buffers.message, Int32(MSG_DONTWAIT | MSG_TRUNC))
        guard size >= 0 else {
            // A socket on an interface that is down says so once.
            if errno == EAGAIN || errno == EINTR || errno == ENETDOWN { return nil }
            throw LabError("can't receive from \(name): \(Errno(errno))")
        }
        guard size <= Buffers.capacity else { throw LabError("\(name) received \(size) bytes in one frame") }
        var bytes = [UInt8](UnsafeRawBufferPointer(start: buffers.bytes, count: size))
        if let tag = buffers.tag, bytes.count >= 12 {
            bytes.insert(
                contentsOf: [tag.tpid, tag.tci].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }, at: 12)
        }
        return Frame(bytes)
    }

    /// Waits for the next frame.
    func wait(milliseconds: Int32) throws -> Bool { try descriptor.waitReadable(milliseconds: milliseconds) }

    /// Memory that recvmsg(2) writes to.
    private final class Buffers {
        static let capacity = 65536 + 64
        private static let controlCapacity = 256

        let bytes = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        private let control = UnsafeMutableRawPointer.allocate(byteCount: controlCapacity, alignment: 16)
        private let vector = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
        var message = msghdr()

        init() { vector.initialize(to: iovec(iov_base: bytes, iov_len: Self.capacity)) }

        deinit {
            bytes.deallocate()
            control.deallocate()
            vector.deallocate()
        }

        func prepare() {
            message = msghdr()
            message.msg_iov = vector
            message.msg_iovlen = 1
            message.msg_control = control
            message.msg_controllen = Self.controlCapacity
        }

        /// The tag that the kernel set aside: `struct tpacket_auxdata` (linux/if_packet.h) behind a `struct cmsghdr` of
        /// 16 bytes, the only control message that was asked for.
        var tag: VLANTag? {
            guard Int(message.msg_controllen) >= 36,
                control.load(fromByteOffset: 8, as: Int32.self) == PacketOption.level,
                control.load(fromByteOffset: 12, as: Int32.self) == PacketOption.auxiliaryData
            else { return nil }
            let status = control.load(fromByteOffset: 16, as: UInt32.self)
            // TP_STATUS_VLAN_VALID and TP_STATUS_VLAN_TPID_VALID
            guard status & 1 << 4 != 0 else { return nil }
            let tpid = status & 1 << 6 != 0 ? control.load(fromByteOffset: 34, as: UInt16.self) : VLANTag.customer
            return VLANTag(tpid: tpid, tci: control.load(fromByteOffset: 32, as: UInt16.self))
        }
    }
}

/// Sends frames out of any of the namespace's interfaces and hears nothing.
struct LabSender: ~Copyable {
    private let descriptor: Descriptor

    /// - Parameter bypassing: past the traffic control of the interface, so that no mirror sees the frame
    ///   (`PACKET_QDISC_BYPASS`).
    init(bypassing: Bool) throws {
        // Protocol 0: nothing is received.
        let number = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
        let opened = Descriptor(owning: try labCheck(number < 0 ? -errno : number, "open a packet socket"))
        if bypassing { try labSet(opened, PacketOption.bypassQdisc, 1, "pass by the qdiscs") }
        descriptor = opened
    }

    /// Sends a frame; what the kernel says against it is returned.
    func send(_ bytes: [UInt8], index: Int32) -> Errno? {
        // struct sockaddr_ll of linux/if_packet.h: family, protocol, index, hardware type, packet type, address.
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = UInt8(AF_PACKET)
        withUnsafeBytes(of: index) { address.replaceSubrange(4..<8, with: $0) }
        let sent = address.withUnsafeBytes { address in
            address.withMemoryRebound(to: sockaddr.self) {
                sendto(descriptor.number, bytes, bytes.count, 0, $0.baseAddress, 20)
            }
        }
        return sent == bytes.count ? nil : Errno(errno)
    }
}

/// Options of packet(7), which the C library's header hides.
private enum PacketOption {
    static let level: Int32 = 263
    static let auxiliaryData: Int32 = 8
    static let bypassQdisc: Int32 = 20
    static let ignoreOutgoing: Int32 = 23
}

private func labSet(_ descriptor: borrowing Descriptor, _ option: Int32, _ value: Int32, _ purpose: String) throws {
    var value = value
    let code = setsockopt(descriptor.number, PacketOption.level, option, &value, 4)
    try labCheck(code < 0 ? -errno : code, purpose)
}

@discardableResult
func labCheck(_ code: Int32, _ purpose: String) throws -> Int32 {
    guard code >= 0 else { throw LabError("can't \(purpose): \(Errno(-code))") }
    return code
}

/// The lab itself failed, not what is tested in it.
public struct LabError: Error, CustomStringConvertible {
    /// What was tried, and what stood against it.
    public let description: String

    /// A failure, in words.
    public init(_ description: String) { self.description = description }
}
