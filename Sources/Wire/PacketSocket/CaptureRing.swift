internal import CLinux
public import LinuxSystem
public import PacketFilter

/// A packet socket with a ring of blocks that it shares with the kernel (TPACKET_V3 of packet(7) and
/// Documentation/networking/packet_mmap.rst): the kernel fills blocks with frames and hands each over as a whole.
///
/// Used by one thread. No stray frame is seen: the socket is unbound until ring and program are in place.
@safe public final class CaptureRing {
    /// How it was made.
    public let settings: RingSettings
    private let socket: UnboundSocket
    private let memory: UnsafeMutableRawPointer
    private var next = 0

    /// Frames that the program let through, those dropped included, up to the last ``readStatistics()``.
    public private(set) var received: UInt64 = 0
    /// Of these, frames that the kernel dropped: the ring was full, or the kind of frame can't be handed over.
    public private(set) var dropped: UInt64 = 0

    /// A ring that hears nothing yet; ``listen(on:isPromiscuous:)`` begins.
    /// - Parameters:
    ///   - program: what is heard, and how many bytes of it; nil for everything. It can't be changed any more.
    ///   - name: of the interface, for errors.
    ///   - spare: a socket that was opened before; nil opens one, which takes CAP_NET_RAW.
    public init(
        _ settings: RingSettings, program: BPFProgram?, name: String, spare: UnboundSocket? = nil
    ) throws(SystemError) {
        self.settings = settings
        socket = if let spare { spare } else { try UnboundSocket(for: name) }
        if settings.hasOffloadHeaders {
            try check(clinux_packet_use_vnet_header(socket.number), "ask for offload headers of", name)
        }
        // Without it (Linux before 4.20) the program below does the same, at the price of a clone.
        if settings.heard == .received { _ = clinux_packet_ignore_outgoing(socket.number) }
        var place: UnsafeMutableRawPointer?
        let code = unsafe clinux_packet_receive_ring(
            socket.number, UInt32(settings.blockBytes), UInt32(settings.blockCount), settings.retireMilliseconds,
            UInt32(RingFrame.headroom), &place)
        try check(
            code, "make a ring of \(settings.blockCount) blocks of \(settings.blockBytes >> 10) KiB for", name)
        guard let place = unsafe place else { throw SystemError(.invalid, "map a ring for", name) }
        unsafe memory = unsafe place
        let instructions =
            (settings.hearsLoopbackOnce ? loopbackOnce : []) + directed(program ?? .matchAll, settings.heard)
        let attached = unsafe instructions.withUnsafeBytes {
            unsafe clinux_packet_filter(socket.number, $0.baseAddress, UInt16(instructions.count))
        }
        try check(attached, "set the filter on", name)
        try check(clinux_packet_lock_filter(socket.number), "lock the filter on", name)
    }

    deinit { unsafe _ = clinux_packet_unmap(memory, settings.blockCount * settings.blockBytes) }

    /// The descriptor, to wait on: readable once a block has been handed over; an error if the interface goes down.
    public var number: Int32 { socket.number }

    /// Begins to hear an interface, or goes over to another.
    public func listen(on index: Int32, name: String) throws(SystemError) {
        try check(clinux_packet_bind(socket.number, index, 1), "listen on", name)
    }

    /// Hears nothing more of an interface. What it has heard is handed over within the retirement time.
    public func stopListening(on index: Int32) { _ = clinux_packet_unlisten(socket.number, index) }

    /// The number of the interface that it is bound to, to hear or not; nil for none. The kernel lets go of an interface that
    /// goes, so another one that gets its name and its number isn't taken for it (`packet_notifier`, net/packet/af_packet.c).
    public var boundIndex: Int32? { PacketSocket.boundIndex(of: socket.number) }

    /// Has an interface let through frames that aren't for it, as long as a ring is there. It waits for the kernel's lock for
    /// all of networking, so it may be called by another thread than the ring's.
    /// - Parameter number: the ring's descriptor.
    public static func bePromiscuous(_ number: Int32, on index: Int32, name: String) throws(SystemError) {
        try check(clinux_packet_be_promiscuous(number, index), "have all frames let through by", name)
    }

    /// Takes that back; waits for the lock, too.
    public static func endPromiscuous(_ number: Int32, on index: Int32) {
        _ = clinux_packet_end_promiscuous(number, index)
    }

    /// What the kernel has to say against the interface (`ENETDOWN`), once.
    public func takeError() -> Errno? {
        let code = clinux_socket_error(socket.number)
        return code < 0 ? Errno(-code) : nil
    }

    /// Brings ``received`` and ``dropped`` up to date; the kernel starts anew with each look.
    public func readStatistics() {
        var more: (received: UInt32, dropped: UInt32) = (0, 0)
        guard unsafe clinux_packet_statistics(socket.number, &more.received, &more.dropped) >= 0 else { return }
        received += UInt64(more.received)
        dropped += UInt64(more.dropped)
    }

    /// The next block, if the kernel has handed it over; it goes back with the value's end.
    public func nextBlock() -> RingBlock? {
        let place = unsafe memory + next * settings.blockBytes
        guard unsafe RingBlock.isHandedOver(place) else { return nil }
        next = (next + 1) % settings.blockCount
        return unsafe RingBlock(place, settings)
    }

    /// Whether at least a part of the ring, one in so many, waits to be read.
    public func isFilled(toOneIn part: Int) -> Bool {
        let number = (next + settings.blockCount / part) % settings.blockCount
        return unsafe RingBlock.isHandedOver(memory + number * settings.blockBytes)
    }
}

/// A packet socket that hears nothing yet. To open one takes CAP_NET_RAW, to make it a ring doesn't: so one can be opened
/// while there are privileges, for an interface that may come later.
public final class UnboundSocket {
    private let descriptor: Descriptor
    var number: Int32 { descriptor.number }

    /// Opens one.
    /// - Parameter purpose: for errors: an interface's name.
    public init(for purpose: String) throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_packet_socket(), "open a packet socket for", purpose))
    }
}

/// The number of the interface that a packet socket is bound to; nil for none.
func boundIndex(of socket: Int32) -> Int32? {
    let index = clinux_packet_bound(socket)
    return index > 0 ? index : nil
}

/// The program with a test of the frame's direction before it: `ld [type]; jeq #PACKET_OUTGOING; …`.
private func directed(_ program: BPFProgram, _ heard: Heard) -> [BPFInstruction] {
    guard heard != .both else { return program.instructions }
    // SKF_AD_OFF + SKF_AD_PKTTYPE of linux/filter.h; PACKET_OUTGOING of linux/if_packet.h.
    let load = BPFInstruction(code: 0x20, k: 0xffff_f000 + 4)
    let test = BPFInstruction(code: 0x15, jt: heard == .sent ? 1 : 0, jf: heard == .sent ? 0 : 1, k: 4)
    return [load, test, BPFInstruction(code: 0x06, k: 0)] + program.instructions
}

/// Ends with 0 for a frame that a loopback interface sends: `ld [type]; jeq #PACKET_OUTGOING; ld [hatype]; jeq #ARPHRD_LOOPBACK`.
private let loopbackOnce = [
    BPFInstruction(code: 0x20, k: 0xffff_f000 + 4), BPFInstruction(code: 0x15, jt: 0, jf: 3, k: 4),
    BPFInstruction(code: 0x20, k: 0xffff_f000 + 28), BPFInstruction(code: 0x15, jt: 0, jf: 1, k: 772),
    BPFInstruction(code: 0x06, k: 0),
]
