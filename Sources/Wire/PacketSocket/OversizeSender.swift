internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Sends frames of the output's full size with an 802.1ad tag: these the kernel refuses on the usual way, since it allows
/// four bytes more for 802.1Q alone (`packet_extra_vlan_len_allowed` of net/packet/af_packet.c). A transmit ring with
/// offload headers doesn't ask.
@safe final class OversizeSender {
    private let index: Int32
    private var ring: Ring?
    private var hasFailed = false

    /// Nothing is set up before the first such frame.
    init(index: Int32) { self.index = index }

    /// A frame in up to two pieces.
    @safe struct Frame {
        private let message: clinux_message_header

        init(_ message: clinux_message_header) { unsafe self.message = unsafe message }

        var length: Int {
            var length = 0
            for piece in unsafe 0..<message.msg_iovlen { unsafe length += message.msg_iov[piece].iov_len }
            return length
        }

        /// The first EtherType.
        var etherType: UInt16 {
            guard unsafe message.msg_iovlen > 0, unsafe message.msg_iov[0].iov_len >= 14,
                let base = unsafe message.msg_iov[0].iov_base
            else { return 0 }
            return unsafe UInt16(base.load(fromByteOffset: 12, as: UInt8.self)) << 8
                | UInt16(base.load(fromByteOffset: 13, as: UInt8.self))
        }

        func copy(to place: UnsafeMutableRawPointer) {
            var place = unsafe place
            for piece in unsafe 0..<message.msg_iovlen {
                let vector = unsafe message.msg_iov[piece]
                guard let base = unsafe vector.iov_base else { continue }
                unsafe place.copyMemory(from: base, byteCount: vector.iov_len)
                unsafe place += unsafe vector.iov_len
            }
        }
    }

    /// - Returns: the bytes that were sent; nil if the frame is none of these, or doesn't get out.
    func send(_ frame: Frame, mtu: Int) -> Int? {
        let length = frame.length
        guard frame.etherType == 0x88a8, length <= mtu + 18, !hasFailed else { return nil }
        if ring == nil {
            ring = try? Ring(index: index, frameBytes: Self.size(for: mtu))
            hasFailed = ring == nil
        }
        guard let ring, length <= ring.room else { return nil }
        return ring.send(frame) ? length : nil
    }

    /// A page's multiple that has room for headers and the frame.
    private static func size(for mtu: Int) -> Int { (mtu + 18 + 128 + 4095) / 4096 * 4096 }

    /// A TPACKET_V2 transmit ring, used one frame at a time.
    @safe private final class Ring {
        private let socket: Descriptor
        private let memory: UnsafeMutableRawPointer
        private let frameBytes: Int
        private var next = 0
        private static let frames = 2
        /// TPACKET2_HDRLEN − sizeof(struct sockaddr_ll): where the frame begins, its offload header first.
        private static let start = 32

        init(index: Int32, frameBytes: Int) throws(SystemError) {
            let socket = Descriptor(owning: try check(clinux_packet_socket(), "open", "a packet socket"))
            try check(clinux_packet_use_vnet_header(socket.number), "use", "offload headers")
            var place: UnsafeMutableRawPointer?
            try check(
                unsafe clinux_packet_transmit_ring(socket.number, UInt32(frameBytes), UInt32(Self.frames), &place),
                "make", "a transmit ring")
            guard let place = unsafe place else { throw SystemError(.invalid, "map", "a transmit ring") }
            try check(clinux_packet_bind(socket.number, index, 0), "bind", "a transmit ring")
            unsafe memory = unsafe place
            self.socket = socket
            self.frameBytes = frameBytes
        }

        deinit { unsafe _ = clinux_packet_unmap(memory, frameBytes * Self.frames) }

        var room: Int { frameBytes - Self.start - VirtioNetHeader.size }

        func send(_ frame: Frame) -> Bool {
            let place = unsafe memory + next * frameBytes
            let status = unsafe place.assumingMemoryBound(to: UInt32.self)
            // TP_STATUS_AVAILABLE: sending waits, so this one is.
            guard unsafe clinux_load_acquire(status) == 0 else { return false }
            let header = unsafe place + Self.start
            unsafe header.initializeMemory(as: UInt8.self, repeating: 0, count: VirtioNetHeader.size)
            unsafe frame.copy(to: header + VirtioNetHeader.size)
            // tp_len
            unsafe place.storeBytes(of: UInt32(frame.length + VirtioNetHeader.size), toByteOffset: 4, as: UInt32.self)
            unsafe clinux_store_release(status, 1)
            let code = clinux_packet_kick(socket.number)
            next = (next + 1) % Self.frames
            if code < 0 {
                unsafe clinux_store_release(status, 0)
                return false
            }
            return true
        }
    }
}
