internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Hands frames to an interface's driver without their passing its queue (AF_XDP in copy mode): a third of the CPU time of a
/// packet socket's send goes. What looks at the queue, and at the hooks before it, doesn't see them.
///
/// For fair weather: what the kernel doesn't take, and what doesn't fit, is left to who called. Used by one thread.
@safe final class DirectSender {
    /// How many frames a system call takes at most.
    static let batch = 64
    /// How many frames may be on their way through a card.
    private static let chunks = 512
    /// How long an interface that takes nothing is waited for, in tenths of a millisecond.
    private static let mostPatience = 200

    /// A place outside of the memory.
    private static let withdrawn = UInt64(1) << 40
    /// How many interfaces there can be one after the other, where no socket may be opened any more.
    private static let spares = 16

    /// Whether it takes frames.
    private(set) var isOpen = false
    private(set) var count = 0
    private let name: String
    private let snaplen: Int
    private var largest = 0
    private var spares: [Int32] = []
    private var socket: clinux_xdp
    /// Of the socket's memory; 0 while there is no socket.
    private var chunkBytes = 0
    /// The interface that the socket sends through; 0 for none.
    private var boundIndex: Int32 = 0
    /// The one that it is being bound to, and where the outcome comes.
    private var binding: (index: Int32, outcome: Mailbox<Int32>)?
    /// Milliseconds that a bind is waited for. Usually it takes a tenth of one.
    private static let patience = 20
    /// Numbers of chunks that are free, the one that was used last at the end: it is in the cache.
    private let free: UnsafeMutablePointer<Int>
    private var freeCount = 0
    /// The frames that wait.
    private let waiting: UnsafeMutablePointer<Waiting>

    /// A frame that waits.
    struct Waiting {
        fileprivate(set) var chunk = 0
        fileprivate(set) var length = 0
        fileprivate(set) var point = 0
    }

    /// Opens sockets, which takes a privilege that may be gone once they are needed. Without, it never takes frames.
    /// - Parameter snaplen: bytes after which copies are cut.
    init(name: String, snaplen: Int) {
        self.name = name
        self.snaplen = snaplen
        unsafe socket = clinux_xdp()
        unsafe free = .allocate(capacity: Self.chunks)
        unsafe free.initialize(repeating: 0, count: Self.chunks)
        unsafe waiting = .allocate(capacity: Self.batch)
        unsafe waiting.initialize(repeating: Waiting(), count: Self.batch)
        while spares.count < Self.spares {
            let spare = clinux_xdp_socket()
            guard spare >= 0 else { break }
            spares.append(spare)
        }
    }

    deinit {
        close()
        closeSpares()
        unsafe free.deallocate()
        unsafe waiting.deallocate()
    }

    /// Whether the kernel has yet to bind it: then it isn't open, and is to be opened again.
    var isBinding: Bool { binding != nil }

    /// Takes frames for an interface from now on.
    /// - Parameter elsewhere: where to wait for the kernel, if it keeps us waiting.
    /// - Throws: if the kernel is too old (before 6.17) or has given the interface's queues to others; if the frames are too
    ///   large; if there is no socket left.
    func open(index: Int32, mtu: Int, elsewhere: PacketSender.Elsewhere) throws(SystemError) {
        guard !isOpen else { return }
        // With a tag that a card may put in place.
        let most = min(mtu + 18, snaplen)
        guard most <= 4096 else { throw SystemError(.invalid, "send large frames directly through", name) }
        let own = binding?.index ?? boundIndex
        if chunkBytes < most || own != 0 && own != index { try prepare(most <= 2048 ? 2048 : 4096) }
        if boundIndex == 0 {
            guard try bind(to: index, elsewhere) else { return }
        }
        try drain()
        largest = mtu + 14
        isOpen = true
    }

    private func prepare(_ bytes: Int) throws(SystemError) {
        close()
        guard let spare = spares.popLast() else { throw SystemError(.notPermitted, "send directly through", name) }
        let code = unsafe clinux_xdp_prepare(
            spare, UInt32(bytes), UInt32(Self.chunks), UInt32(Self.batch), &socket)
        // What one can't, none can.
        if code < 0 { closeSpares() }
        try check(code, "send directly through", name)
        chunkBytes = bytes
        for number in 0..<Self.chunks { unsafe free[number] = Self.chunks - 1 - number }
        freeCount = Self.chunks
    }

    private func closeSpares() {
        for spare in spares { _ = Glibc.close(spare) }
        spares = []
    }

    /// The kernel binds under its lock for all of networking (`rtnl_lock` in `xsk_bind` of net/xdp/xsk.c), which others may
    /// hold for seconds.
    /// - Returns: whether it is done.
    private func bind(to index: Int32, _ elsewhere: PacketSender.Elsewhere) throws(SystemError) -> Bool {
        if binding == nil {
            // A descriptor of its own: this one's number may be another's before it is done.
            let number = try check(unsafe fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0), "send directly through", name)
            let outcome = elsewhere {
                let socket = Descriptor(owning: number)
                // Another tap may have the first queue.
                for queue in 0..<7 as Range<UInt32> {
                    let code = clinux_xdp_bind(socket.number, index, queue)
                    if code != -EBUSY { return code }
                }
                return clinux_xdp_bind(socket.number, index, 7)
            }
            binding = (index, outcome)
        }
        guard let code = binding?.outcome.take(waiting: Self.patience) else { return false }
        binding = nil
        try check(code, "send directly through", name)
        boundIndex = index
        return true
    }

    /// Takes no frames until it is opened again. None may wait.
    func rest() { isOpen = false }

    /// Lets go of the interface.
    func close() {
        isOpen = false
        count = 0
        binding = nil
        guard chunkBytes > 0 else { return }
        unsafe clinux_xdp_close(&socket)
        chunkBytes = 0
        boundIndex = 0
    }

    /// Takes a frame to be sent with the next ones; its memory is free at once.
    /// - Returns: false if it can't be sent this way. What waits is still to be flushed.
    func add(_ piece: FramePiece, point: Int) -> Bool {
        let length = min(piece.length, snaplen)
        guard length >= 14 else { return false }
        if length > largest {
            guard length <= largest + 4, unsafe piece.head.isTagged else { return false }
        }
        if freeCount == 0, !waitForRoom() { return false }
        freeCount -= 1
        let chunk = unsafe free[freeCount]
        let place = unsafe socket.memory + chunk * chunkBytes
        let head = unsafe min(piece.head.count, length)
        if head > 0, let base = unsafe piece.head.baseAddress {
            unsafe place.copyMemory(from: base, byteCount: head)
        }
        if length > head, let base = unsafe piece.body.baseAddress {
            unsafe (place + head).copyMemory(from: base, byteCount: length - head)
        }
        unsafe waiting[count] = Waiting(chunk: chunk, length: length, point: point)
        count += 1
        return true
    }

    /// Has the kernel send what waits, and forgets it. If some of it wasn't sent, it takes no more frames.
    /// - Parameters:
    ///   - sent: takes each frame that was.
    ///   - left: takes each that wasn't, and where it lies until this is opened again.
    func flush(sent: (Waiting) -> Void, left: (Waiting, UnsafeRawBufferPointer) -> Void) {
        guard count > 0 else { return }
        let (good, taken) = give()
        for number in 0..<good { unsafe sent(waiting[number]) }
        for number in good..<count {
            let frame = unsafe waiting[number]
            unsafe left(
                frame, UnsafeRawBufferPointer(start: socket.memory + frame.chunk * chunkBytes, count: frame.length))
        }
        if good < count { isOpen = false }
        withdraw(taken..<count)
        count = 0
        reclaim()
    }

    /// Has the kernel pass over the last frames that it was given, and takes their memory back.
    private func withdraw(_ frames: Range<Int>) {
        let end = unsafe clinux_load_acquire(socket.given)
        for number in frames {
            let slot = (end &- UInt32(count - number)) & UInt32(Self.chunks - 1)
            unsafe socket.frames[Int(slot)].place = Self.withdrawn
            unsafe release(waiting[number].chunk)
        }
    }

    /// Has the kernel take what was withdrawn: one of these for each call.
    private func drain() throws(SystemError) {
        let given = unsafe clinux_load_acquire(socket.given)
        var code: Int32 = 0
        for _ in 0..<(Self.chunks + 2) {
            guard unsafe clinux_load_acquire(socket.taken) != given else { break }
            code = unsafe clinux_xdp_send(socket.descriptor)
            guard code == 0 else { break }
        }
        reclaim()
        guard unsafe clinux_load_acquire(socket.taken) == given else {
            throw SystemError(Errno(code < 0 ? -code : EAGAIN), "send directly through", name)
        }
    }

    /// - Returns: how many of the frames that wait were sent, the first ones, and how many the kernel took: one more, if it
    ///   dropped one.
    private func give() -> (sent: Int, taken: Int) {
        let start = unsafe clinux_load_acquire(socket.given)
        let mask = UInt32(Self.chunks - 1)
        for number in 0..<count {
            let frame = unsafe waiting[number]
            unsafe socket.frames[Int((start &+ UInt32(number)) & mask)] = clinux_xdp_frame(
                place: UInt64(frame.chunk * chunkBytes), length: UInt32(frame.length), options: 0)
        }
        unsafe clinux_store_release(socket.given, start &+ UInt32(count))
        var taken = 0
        var patience = Self.mostPatience
        while true {
            let code = unsafe clinux_xdp_send(socket.descriptor)
            let now = Int(unsafe clinux_load_acquire(socket.taken) &- start)
            // The kernel has taken one frame more than it has sent: that one it dropped. It tells how many it has taken if
            // it has sent any (__xsk_generic_xmit of net/xdp/xsk.c).
            if code == -EBUSY {
                let sent = max(now - 1, taken)
                return (sent, sent + 1)
            }
            if now == count { return (count, count) }
            if now > taken {
                taken = now
                patience = Self.mostPatience
                continue
            }
            switch code {
            case 0, -EAGAIN, -ENOBUFS, -ENOMEM, -EINTR:
                guard patience > 0 else { return (taken, taken) }
                patience -= 1
                ThisProcess.pause(microseconds: 100)
            default: return (taken, taken)
            }
        }
    }

    /// Takes back the memory of frames that have left.
    private func reclaim() {
        let finished = unsafe clinux_load_acquire(socket.finished)
        var next = unsafe clinux_load_acquire(socket.reclaimed)
        guard next != finished else { return }
        while next != finished {
            let place = unsafe socket.places[Int(next & UInt32(Self.chunks - 1))]
            // Some kernels give back what was withdrawn, too.
            if place < Self.withdrawn { release(Int(place) / chunkBytes) }
            next &+= 1
        }
        unsafe clinux_store_release(socket.reclaimed, next)
    }

    private func release(_ chunk: Int) {
        precondition(freeCount < Self.chunks, "a frame's memory came back twice")
        unsafe free[freeCount] = chunk
        freeCount += 1
    }

    private func waitForRoom() -> Bool {
        for _ in 0..<Self.mostPatience {
            reclaim()
            if freeCount > 0 { return true }
            ThisProcess.pause(microseconds: 100)
        }
        // Not for each frame anew.
        isOpen = false
        return false
    }
}

extension UnsafeRawBufferPointer {
    /// Whether it is a frame with an 802.1Q tag: four bytes more than the MTU are allowed for it.
    fileprivate var isTagged: Bool { unsafe count >= 14 && self[12] == 0x81 && self[13] == 0 }
}
