import CaptureFile
import CaptureLog
import EventLoop
import LinuxSystem
import MirrorModel
import PacketSocket
import ReferenceModel
import Tap
import TestSupport

/// A mirror's tap on a thread of its own, in the network namespace and on the CPU of the thread that began it: what it sends
/// is queued behind everything that was sent before.
final class RunningTap {
    let mirror: Mirror
    private let orders: Orders
    private let answers: Mailbox<Answer>
    private let thread: OwnThread.Running<Result>
    private var hasEnded = false
    private static let patience = 30_000
    /// Of each ring. While nobody reads, each frame that comes after a pause fills one: when all are full, frames are lost.
    private static let blocks = 16
    /// So many frames can be sent without a loss, however slow the machine is.
    static let mostAtOnce = blocks / 2

    /// What came of it.
    struct Result: Sendable {
        var mirror: Mirror
        var counts: TapCounts
        var files: [Output: [FileRecord]]

        /// What became of the frames at each point.
        var counters: [(Expectation.Route, CopyCounters)] {
            let ports = mirror.outputs.filter { $0.port != nil }
            return zip(ports + mirror.outputs.filter { $0.files != nil }, counts.outputs).flatMap { output, sink in
                sink.copies.map { point, count in
                    (
                        Expectation.Route(mirror: mirror.name, point: point, output: output),
                        CopyCounters(delivered: Int(count.sent), failed: Int(count.failed))
                    )
                }
            }
        }
    }

    private enum Answer: Sendable {
        /// All has been copied that had been heard: so many frames up to now.
        case done(UInt64)
        case failed(String)
    }

    /// One byte is one order: to copy all that has been heard, or to end.
    private final class Orders: @unchecked Sendable {
        // Sendable: two numbers that don't change.
        let pipe: PipeEnds

        static let settle: UInt8 = 1
        static let end: UInt8 = 2

        init() throws { pipe = try Descriptor.pipe() }

        func give(_ order: UInt8) throws { try pipe.writing.write([order]) }
    }

    /// Returns once the tap hears.
    init(_ mirror: Mirror, at points: [Point]) throws {
        self.mirror = mirror
        let (orders, answers) = (try Orders(), Mailbox<Answer>())
        self.orders = orders
        self.answers = answers
        thread = try OwnThread.start {
            do {
                let counts = try Self.run(mirror, points, orders, answers)
                return Result(mirror: mirror, counts: counts, files: try FileRecord.readAll(of: mirror))
            } catch {
                answers.put(.failed("\(error)"))
                throw error
            }
        }
        _ = try answer()
    }

    deinit { if !hasEnded { try? orders.give(Orders.end) } }

    /// Waits until all that has been heard is copied.
    func startSettling() throws { try orders.give(Orders.settle) }

    /// What was asked for is done.
    /// - Returns: how many frames have been copied up to now.
    func answer() throws -> UInt64 {
        switch answers.take(waiting: Self.patience) {
        case .done(let count): return count
        case .failed(let words): throw LabError("the tap of \(mirror.name) failed: \(words)")
        case nil: throw LabError("the tap of \(mirror.name) doesn't answer")
        }
    }

    /// Has it end, while the caller goes on.
    func startEnding() throws {
        hasEnded = true
        try orders.give(Orders.end)
    }

    /// What came of it, once it has ended.
    func result() throws -> Result { try thread.wait() }

    // MARK: On the thread

    private static func run(
        _ mirror: Mirror, _ points: [Point], _ orders: Orders, _ answers: Mailbox<Answer>
    ) throws -> TapCounts {
        var settings = try TapSettings(mirror, at: points)
        settings.waits = true
        settings.latency = 1
        settings.mostJoining = 1
        settings.ringBytes = blocks * (256 << 10) * max(1, settings.watched.count)
        let directories = try mirror.outputs.compactMap(\.files).map { try files($0, mirror) }
        let tap = try Tap(settings, in: .current()) { _ in }
        try tap.begin(directories)
        answers.put(.done(0))
        let loop = try EventLoop()
        var (isOrder, isNews) = (false, false)
        let order = try loop.watch(orders.pipe.reading.number) { _ in isOrder = true }
        let news = try loop.watch(tap.newsDescriptor) { _ in isNews = true }
        let frames = try tap.frameDescriptors.map { try loop.watch($0) { _ in } }
        defer { withExtendedLifetime((order, news, frames)) {} }
        while true {
            (isOrder, isNews) = (false, false)
            try loop.turn()
            if isNews { tap.takeNews() }
            tap.takeErrors()
            tap.copy()
            guard isOrder else { continue }
            let isEnd = try orders.pipe.reading.read(upTo: 1) != [Orders.settle]
            if isEnd { tap.stop() }
            try copyAll(tap)
            if isEnd { break }
            answers.put(.done(tap.counts().sources.map(\.finished.taken).reduce(0, +)))
        }
        tap.finish()
        return tap.counts()
    }

    /// A block that isn't full is handed over after the latency.
    private static func copyAll(_ tap: Tap) throws {
        let loop = try EventLoop()
        let frames = try tap.frameDescriptors.map { try loop.watch($0) { _ in } }
        defer { withExtendedLifetime(frames) {} }
        let deadline = ThisProcess.monotonicNanoseconds() + UInt64(patience) * 500_000
        tap.copy()
        while !tap.isDrained {
            guard ThisProcess.monotonicNanoseconds() < deadline else {
                throw LabError("frames don't come through a ring")
            }
            try loop.turn(until: .now + .milliseconds(10))
            tap.takeErrors()
            tap.copy()
        }
    }

    private static func files(_ settings: FileSettings, _ mirror: Mirror) throws -> TapFiles {
        let format: CaptureFormat = settings.format == .pcapng ? .pcapng : .pcap(nanoseconds: true)
        let compression: CaptureLogSettings.Compression? = settings.compression.map { _ in .zstd(level: 1) }
        let path = settings.directory.description
        var log = CaptureLogSettings(
            name: try FileNameTemplate(
                "{seq:06}", fileExtension: CaptureLogSettings.fileExtension(format, compression)),
            format: format, compression: compression, directoryPath: path)
        log.snaplen = mirror.snaplen ?? log.snaplen
        log.rotation = RotationPolicy(packets: settings.rotatePackets.map(UInt64.init))
        try Files.makeDirectory(path)
        return TapFiles(log: log, directory: try OpenedDirectory(path))
    }
}

extension [RunningTap] {
    /// Waits until nothing is under way any more: neither on its way to a VM, nor in a ring.
    /// - Returns: what the VMs have received.
    func settle(in lab: Lab) throws -> [PortName: [Frame]] {
        var captures: [PortName: [Frame]] = [:]
        var before: UInt64?
        while true {
            for tap in self { try tap.startSettling() }
            let now = try map { try $0.answer() }.reduce(0, +)
            captures.merge(try lab.drain()) { $0 + $1 }
            // What the drain has brought to a ring is copied in the next round: none, and nothing can come any more.
            if isEmpty || now == before { return captures }
            before = now
        }
    }
}
