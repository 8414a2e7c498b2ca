internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Sends frames of the output's full size with an 802.1ad tag: these the kernel refuses on the usual way, since it allows
/// four bytes more for 802.1Q alone (`packet_extra_vlan_len_allowed` of net/packet/af_packet.c). A transmit ring with
/// offload headers doesn't ask.
@safe final class OversizeSender {
    private let socket: Descriptor
    private var ring: Ring?
    private var hasFailed = false

    /// Opens the socket, which takes a privilege that may be gone once it is needed. The ring is made for the first frame.
    init(name: String) throws(SystemError) {
        socket = Descriptor(owning: try check(clinux_packet_socket(), "open a packet socket for", name))
        try check(clinux_packet_use_vnet_header(socket.number), "hand offload headers to", name)
    }

    /// Sends through an interface from now on.
    func attach(to index: Int32, name: String) throws(SystemError) {
        try check(clinux_packet_bind(socket.number, index, 0), "send through", name)
    }

    /// A frame in up to two pieces, maybe behind an offload header.
    @safe struct Frame {
        private let message: clinux_message_header
        private let first: Int

        init(_ message: clinux_message_header, hasOffloadHeader: Bool) {
            unsafe self.message = unsafe message
            first = hasOffloadHeader ? 1 : 0
        }

        private var pieces: Range<Int> { unsafe first..<max(first, message.msg_iovlen) }

        /// The header not counted.
        var length: Int {
            var length = 0
            for piece in pieces { unsafe length += message.msg_iov[piece].iov_len }
            return length
        }

        /// The first EtherType.
        var etherType: UInt16 {
            guard !pieces.isEmpty, unsafe message.msg_iov[first].iov_len >= 14,
                let base = unsafe message.msg_iov[first].iov_base
            else { return 0 }
            return unsafe UInt16(base.load(fromByteOffset: 12, as: UInt8.self)) << 8
                | UInt16(base.load(fromByteOffset: 13, as: UInt8.self))
        }

        /// Writes its offload header, or one that leaves nothing to do, and the frame behind it.
        func copy(to place: UnsafeMutableRawPointer) {
            unsafe place.initializeMemory(as: UInt8.self, repeating: 0, count: VirtioNetHeader.size)
            if first > 0, let header = unsafe message.msg_iov[0].iov_base {
                unsafe place.copyMemory(from: header, byteCount: VirtioNetHeader.size)
            }
            var place = unsafe place + VirtioNetHeader.size
            for piece in pieces {
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
            ring = try? Ring(socket.number)
            hasFailed = ring == nil
        }
        guard let ring, length <= Ring.room else { return nil }
        return ring.send(frame) ? length : nil
    }

    /// A TPACKET_V2 transmit ring, used one frame at a time.
    @safe private final class Ring {
        private let socket: Int32
        private let memory: UnsafeMutableRawPointer
        private var next = 0
        private static let frames = 2
        /// TP_STATUS_SENDING and TP_STATUS_WRONG_FORMAT of linux/if_packet.h.
        private static let isSending: UInt32 = 2
        private static let isWrong: UInt32 = 4
        /// Room for headers and a frame of the largest MTU that there is, in whole pages.
        private static let frameBytes = 17 << 12
        /// TPACKET2_HDRLEN − sizeof(struct sockaddr_ll): where the frame begins, its offload header first.
        private static let start = 32
        static let room = frameBytes - start - VirtioNetHeader.size

        init(_ socket: Int32) throws(SystemError) {
            var place: UnsafeMutableRawPointer?
            try check(
                unsafe clinux_packet_transmit_ring(socket, UInt32(Self.frameBytes), UInt32(Self.frames), &place),
                "make", "a transmit ring")
            guard let place = unsafe place else { throw SystemError(.invalid, "map", "a transmit ring") }
            unsafe memory = unsafe place
            self.socket = socket
        }

        deinit { unsafe _ = clinux_packet_unmap(memory, Self.frameBytes * Self.frames) }

        func send(_ frame: Frame) -> Bool {
            let place = unsafe memory + next * Self.frameBytes
            let status = unsafe place.assumingMemoryBound(to: UInt32.self)
            // TP_STATUS_AVAILABLE; otherwise the frame before the last is still on its way, in a queue that stands still.
            guard unsafe clinux_load_acquire(status) == 0 else { return false }
            unsafe frame.copy(to: place + Self.start)
            // tp_len
            unsafe place.storeBytes(of: UInt32(frame.length + VirtioNetHeader.size), toByteOffset: 4, as: UInt32.self)
            unsafe clinux_store_release(status, 1)
            let code = clinux_packet_kick(socket)
            // TP_STATUS_SEND_REQUEST, or WRONG_FORMAT: the kernel hasn't taken it, and goes on from here.
            let now = unsafe clinux_load_acquire(status)
            guard code >= 0 || now == Self.isSending, now != 1, now & Self.isWrong == 0 else {
                unsafe clinux_store_release(status, 0)
                return false
            }
            next = (next + 1) % Self.frames
            return true
        }
    }
}
