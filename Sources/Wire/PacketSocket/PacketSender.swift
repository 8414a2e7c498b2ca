internal import CLinux
internal import Glibc
public import LinuxSystem

/// What became of frames that were to be sent.
public struct SendCounts: Hashable, Sendable {
    /// Frames that the kernel took.
    public var sent: UInt64 = 0
    /// Bytes of these.
    public var sentBytes: UInt64 = 0
    /// Frames larger than the output's MTU and header.
    public var tooBig: UInt64 = 0
    /// Frames for an output that was down, or wasn't there.
    public var down: UInt64 = 0
    /// Frames for which the output, its queue or the system had no room.
    public var noBuffer: UInt64 = 0
    /// Frames that the kernel refused otherwise.
    public var refused: UInt64 = 0
    /// Frames for which the disk had no room.
    public var noSpace: UInt64 = 0

    /// Bytes of all that failed.
    public var failedBytes: UInt64 = 0

    /// All that failed.
    public var failed: UInt64 { tooBig + down + noBuffer + refused + noSpace }

    /// Nothing yet.
    public init() {}
}

extension [SendCounts] {
    /// Has frames that were counted as sent counted as failed: it was found out later, and nobody knows of which point they
    /// were. They are taken off where there are most, with the mean of the bytes there.
    public mutating func move(_ late: UInt64, to reason: WritableKeyPath<SendCounts, UInt64>) {
        var late = late
        for point in indices.sorted(by: { self[$0].sent > self[$1].sent }) where late > 0 && self[point].sent > 0 {
            let part = Swift.min(late, self[point].sent)
            let bytes = self[point].sentBytes / self[point].sent * part
            self[point].sent -= part
            self[point].sentBytes -= bytes
            self[point].failedBytes += bytes
            self[point][keyPath: reason] += part
            late -= part
        }
    }
}

/// Sends frames through an interface, many with one system call: through its queue like everybody's (sendmmsg(2)), or past
/// it (``DirectSender``) as long as that is asked for, and works.
///
/// Used by one thread. What it was given it holds by address: it has to be flushed before the frames' memory goes.
@safe public final class PacketSender {
    /// How many frames a system call takes at most.
    public static let batch = 64

    /// What became of the frames of each point.
    public private(set) var counts: [SendCounts]
    /// What the kernel said when it last refused a frame.
    public private(set) var lastRefusal: Errno?

    private let socket: Descriptor
    private let name: String
    private let direct: DirectSender
    /// How often it is asked in vain to go directly, since that failed; after each failure about twice as often.
    private var pause = 0
    private var asksLeft = 0
    private var index: Int32 = 0
    private let snaplen: Int
    private let leavesToDriver: Bool
    private var isBound = false
    private var isUp = false
    private var mtu = 0
    private var count = 0
    /// Which point each waiting frame is of.
    private var points: [Int]
    private var patience = 0
    private let oversize: OversizeSender
    /// Each message has up to three pieces: offload header, head and body.
    private let pieces: UnsafeMutablePointer<iovec>
    private let messages: UnsafeMutablePointer<clinux_message>
    private static let piecesEach = 3
    /// How often a batch waits a millisecond for room.
    private static let mostPatience = 20

    /// - Parameters:
    ///   - snaplen: bytes after which copies are cut; nil for none.
    ///   - points: how many kinds of frames are counted apart.
    ///   - leavesToDriver: whether super-frames and unfinished checksums go out as they are, for the driver to finish.
    public init(
        name: String, points: Int = 1, snaplen: Int? = nil, leavesToDriver: Bool = false
    ) throws(SystemError) {
        let socket = Descriptor(owning: try check(clinux_packet_socket(), "open a packet socket for", name))
        if leavesToDriver { try check(clinux_packet_use_vnet_header(socket.number), "hand offload headers to", name) }
        // A queue that stands still holds up the other outputs no longer than this.
        try check(clinux_socket_send_timeout(socket.number, 50), "limit the wait for", name)
        oversize = try OversizeSender(name: name)
        self.socket = socket
        self.name = name
        self.snaplen = snaplen ?? .max
        direct = DirectSender(name: name, snaplen: self.snaplen)
        counts = Array(repeating: SendCounts(), count: points)
        self.points = Array(repeating: 0, count: Self.batch)
        self.leavesToDriver = leavesToDriver
        unsafe pieces = .allocate(capacity: Self.batch * Self.piecesEach)
        unsafe messages = .allocate(capacity: Self.batch)
        unsafe pieces.initialize(repeating: iovec(), count: Self.batch * Self.piecesEach)
        unsafe messages.initialize(repeating: clinux_message(), count: Self.batch)
        for index in 0..<Self.batch {
            unsafe messages[index].header.msg_iov = unsafe pieces + index * Self.piecesEach
        }
    }

    deinit {
        unsafe pieces.deallocate()
        unsafe messages.deallocate()
    }

    /// Counts more kinds of frames apart.
    public func count(points: Int) {
        while counts.count < points { counts.append(SendCounts()) }
    }

    /// Frames that the kernel took, of all points.
    public var sent: UInt64 { counts.map(\.sent).reduce(0, +) }

    /// Counts frames as failed that the kernel took, and lost when the output went down.
    public func lose(_ frames: UInt64) { counts.move(frames, to: \.down) }

    /// Sends through an interface from now on; nil while there is none.
    public func attach(to interface: (index: Int32, name: String, mtu: UInt32)?) throws(SystemError) {
        flush()
        direct.close()
        isBound = false
        guard let interface else { return }
        try check(clinux_packet_bind(socket.number, interface.index, 0), "send through", interface.name)
        isBound = true
        index = interface.index
        mtu = Int(interface.mtu)
        patience = Self.mostPatience
        try oversize.attach(to: interface.index, name: interface.name)
    }

    /// What is known of the interface: one that is down, or without carrier, is given nothing.
    public func update(isUp: Bool, mtu: UInt32) {
        if !isUp || Int(mtu) != self.mtu { passQueue(false) }
        self.isUp = isUp
        self.mtu = Int(mtu)
        if isUp {
            patience = Self.mostPatience
            (pause, asksLeft) = (0, 0)
        }
    }

    /// The number of the interface that it sends through; nil for none, also once that has gone, whatever has its number now.
    public var boundIndex: Int32? { PacketSocket.boundIndex(of: socket.number) }

    /// Whether frames pass the interface's queue by.
    public var passesQueue: Bool { direct.isOpen }
    /// Whether the kernel has yet to open the way past the queue.
    public var isBinding: Bool { direct.isBinding }
    /// Why they don't, though that was asked for; nil if it wasn't, or they do.
    public private(set) var directProblem: SystemError?

    /// Has something done where it may take long, and tells where its outcome comes.
    public typealias Elsewhere = (_ work: @escaping @Sendable () -> Int32) -> Mailbox<Int32>

    /// Has frames pass the interface's queue by from now on, or go through it. They go through it anyway where the kernel
    /// can't do that, or lets us not, and from the first frame on that it doesn't take. Then this is to be asked for again,
    /// and at first in vain: to try costs something, and there may be a reason that lasts. The same while the kernel hasn't
    /// opened the way yet (``isBinding``).
    /// - Parameter elsewhere: where to wait for the kernel, which may take seconds; by default, here.
    public func passQueue(_ wanted: Bool, elsewhere: Elsewhere = PacketSender.here) {
        guard wanted else {
            flush()
            directProblem = nil
            return direct.rest()
        }
        guard !direct.isOpen, isBound, isUp, !leavesToDriver else { return }
        guard asksLeft == 0 else {
            asksLeft -= 1
            return
        }
        flush()
        // The usual way is there for whatever is against it.
        do throws(SystemError) {
            try direct.open(index: index, mtu: mtu, elsewhere: elsewhere)
            directProblem = nil
        } catch {
            directProblem = error
            restDirect()
        }
    }

    /// On the spot.
    public static func here(_ work: @escaping @Sendable () -> Int32) -> Mailbox<Int32> {
        let outcome = Mailbox<Int32>()
        outcome.put(work())
        return outcome
    }

    private func restDirect() {
        pause = min(63, pause * 2 + 1)
        asksLeft = pause
    }

    /// Takes a frame to be sent with the next ones.
    /// - Parameter point: under which number it is counted.
    public func add(_ piece: FramePiece, point: Int = 0) {
        if direct.isOpen {
            // Frames stay in their order.
            if count > 0 { flushQueue() }
            if direct.add(piece, point: point) {
                if direct.count == DirectSender.batch { flushDirect() }
                return
            }
            flushDirect()
        }
        queue(piece, point)
    }

    private func queue(_ piece: FramePiece, _ point: Int) {
        // One without carrier would take it and lose it: the kernel drops without a word what is for a queue that stands
        // still (noop_enqueue of net/sched/sch_generic.c).
        guard isBound, isUp else {
            counts[point].down += 1
            counts[point].failedBytes += UInt64(min(piece.length, snaplen))
            return
        }
        let first = unsafe pieces + count * Self.piecesEach
        var number = 0
        func append(_ base: UnsafeRawPointer?, _ length: Int) {
            unsafe first[number] = unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: base), iov_len: length)
            number += 1
        }
        if leavesToDriver {
            let header = unsafe piece.length <= snaplen ? piece.offloadHeader : nil
            unsafe append(header ?? OffloadHeaders.none, VirtioNetHeader.size)
        }
        let head = unsafe min(piece.head.count, snaplen)
        unsafe append(piece.head.baseAddress, head)
        let body = unsafe min(piece.body.count, snaplen - head)
        if body > 0 { unsafe append(piece.body.baseAddress, body) }
        enqueue(point, pieces: number)
    }

    private func enqueue(_ point: Int, pieces: Int) {
        unsafe messages[count].header.msg_iovlen = pieces
        points[count] = point
        count += 1
        if count == Self.batch { flushQueue() }
    }

    /// Sends what waits. Afterwards nothing refers to the frames' memory any more.
    public func flush() {
        if direct.count > 0 { flushDirect() }
        if count > 0 { flushQueue() }
    }

    private func flushDirect() {
        unsafe direct.flush { frame in
            counts[frame.point].sent += 1
            counts[frame.point].sentBytes += UInt64(frame.length)
        } left: { frame, bytes in
            // The queue's errors tell more; and what the driver can't take now may wait there.
            unsafe pieces[count * Self.piecesEach] = unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            enqueue(frame.point, pieces: 1)
        }
        // Before their memory is used again.
        if count > 0 { flushQueue() }
        if direct.isOpen {
            pause = 0
        } else {
            directProblem = SystemError(.noBuffers, "send directly through", name)
            restDirect()
        }
    }

    private func flushQueue() {
        var next = 0
        while next < count {
            let sent = unsafe clinux_packet_send(
                socket.number, messages + next, UInt32(count - next), patience > 0 ? 1 : 0)
            if sent > 0 {
                for index in next..<(next + Int(sent)) {
                    // An offload header was sent, too.
                    let header = leavesToDriver ? VirtioNetHeader.size : 0
                    count(sent: unsafe Int(messages[index].length) - header, at: points[index])
                }
                next += Int(sent)
                // One that takes frames again is worth waiting for again.
                if patience == 0 { patience = 1 }
            } else if !wait(for: Errno(-sent)) {
                fail(next, Errno(-sent))
                next += 1
            }
        }
        count = 0
    }

    /// Whether it is worth trying once more.
    private func wait(for errno: Errno) -> Bool {
        switch errno {
        case Errno(EINTR): return true
        case .noBuffers, .tryAgain:
            guard isUp, patience > 0 else { return false }
            // A wait for the socket's own room that was in vain was long: the queue stands still.
            patience = errno == .tryAgain ? 0 : patience - 1
            ThisProcess.pause(milliseconds: 1)
            return true
        default: return false
        }
    }

    private func count(sent length: Int, at point: Int) {
        counts[point].sent += 1
        counts[point].sentBytes += UInt64(length)
    }

    private func fail(_ index: Int, _ errno: Errno) {
        let frame = unsafe OversizeSender.Frame(messages[index].header, hasOffloadHeader: leavesToDriver)
        let point = points[index]
        switch errno {
        case .networkDown, .noDevice, .noSuchInterface: counts[point].down += 1
        case .noBuffers, .tryAgain, Errno(ENOMEM):
            if isUp { counts[point].noBuffer += 1 } else { counts[point].down += 1 }
        case Errno(EMSGSIZE):
            if let length = oversize.send(frame, mtu: mtu) { return count(sent: length, at: point) }
            counts[point].tooBig += 1
        default:
            counts[point].refused += 1
            lastRefusal = errno
        }
        counts[point].failedBytes += UInt64(frame.length)
    }
}

/// The header of a frame that is finished.
private enum OffloadHeaders {
    /// Ten zeros, for ever: unsafe only by its type, since nobody writes to them.
    nonisolated(unsafe) static let none: UnsafeRawPointer = {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: VirtioNetHeader.size, alignment: 8)
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: VirtioNetHeader.size)
        return UnsafeRawPointer(bytes)
    }()
}
