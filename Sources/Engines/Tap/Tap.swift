public import CaptureFile
internal import LinuxSystem
internal import MirrorModel
internal import Netlink
internal import PacketSocket
internal import RouteNetlink

/// Copies the frames of some ports to outputs, in user space: a ring to hear them, a finisher to make them what was on the
/// wire, and outputs that take each copy: ports, and directories of capture files.
///
/// Opening takes privileges, copying none: between ``init(_:remark:)`` and ``begin()`` they can be given up. Used by one
/// thread, with a loop such as ``TapLoop``.
public final class Tap {
    /// What it does.
    public let settings: TapSettings
    private let links: LinkWatch
    private let watched: [WatchedPort]
    private let outputs: [OutputPort]
    private var files: [OutputFiles] = []
    private let replayed: Replayed?
    private let points: [Point]
    private let remark: (String) -> Void
    private var left: UInt64

    /// Opens sockets and rings; nothing is heard yet.
    /// - Parameter remark: takes what a person should know, a sentence without a full stop each.
    /// - Throws: ``SystemError`` or ``NetlinkError``.
    public init(_ settings: TapSettings, remark: @escaping (String) -> Void) throws {
        self.settings = settings
        self.remark = remark
        left = settings.limit ?? .max
        let links = try LinkWatch()
        var points = settings.watched.flatMap { [Point($0.port, .ingress), Point($0.port, .egress)] }
        if points.isEmpty {
            let name = try PortName("capture")
            points = [Point(name, .ingress), Point(name, .egress)]
            replayed = Replayed(settings, name: name)
        } else {
            replayed = nil
        }
        outputs = try settings.ports.map { try OutputPort($0, points: points.count, of: settings) }
        watched = try settings.watched.enumerated().map { number, port in
            try WatchedPort(
                port, of: settings, points: (number * 2, number * 2 + 1), link: links[port.port.description])
        }
        self.links = links
        self.points = points
        // Outputs first: the first frame finds them there.
        for output in outputs {
            guard let link = links[output.port.description] else {
                try missing(output.port)
                continue
            }
            if let words = try output.update(link) { remark(words) }
        }
        for port in watched where links[port.name] == nil { try missing(port.settings.port) }
    }

    private func missing(_ port: PortName) throws {
        guard settings.waits else { throw SystemError(.noDevice, "find the interface", port.description) }
        remark("\(port) isn't there yet; waiting for it")
    }

    /// Begins files, which start threads of their own, and to hear.
    public func begin() throws {
        let interfaces = watched.isEmpty ? points.prefix(1).map(\.port) : watched.map(\.settings.port)
        files = try settings.files.map { files in
            try OutputFiles(files, points: points.count, interfaces: interfaces, of: settings) { [unowned self] in
                statistics()
            }
        }
        for port in watched {
            guard let link = links[port.name] else { continue }
            tell { try port.update(link) }
            port.count(links.statistics(of: port.name))
        }
        tellOfFiles()
    }

    /// What to wait on for frames.
    public var frameDescriptors: [Int32] { watched.map(\.ring.number) }
    /// What to wait on for news of interfaces.
    public var newsDescriptor: Int32 { links.number }
    /// Whether as many frames have come, or as many files are full, as were wanted.
    public var isSatisfied: Bool { left == 0 || !files.isEmpty && files.allSatisfy(\.isFull) }

    // MARK: Frames

    /// Copies what has been handed over, and returns when there is nothing more, or after a while.
    /// - Returns: whether there may be more.
    @discardableResult
    public func copy() -> Bool {
        var hasMore = false
        for port in watched where copy(from: port) { hasMore = true }
        return hasMore
    }

    private func copy(from port: WatchedPort) -> Bool {
        // Signals and news have their turn after some blocks.
        for _ in 0..<64 {
            guard let block = port.ring.nextBlock() else { return false }
            block.forEach { frame in
                guard left > 0 else {
                    port.unwanted += 1
                    return
                }
                left -= 1
                let point = frame.isOutgoing ? port.points.egress : port.points.ingress
                port.finisher.finish(frame, flush: flush) { piece in deliver(piece, point) }
            }
            flush()
            port.finisher.startAnew()
        }
        return true
    }

    /// Copies a frame of a capture.
    public func take(_ packet: CapturedPacket) {
        guard let replayed else { return }
        guard replayed.selects(packet), left > 0 else { return }
        left -= 1
        let point = packet.direction == .outbound ? 1 : 0
        replayed.finisher.finish(
            packet.capturedBytes.span, timestamp: packet.timestamp ?? 0, originalLength: packet.originalLength,
            isOutgoing: point == 1, flush: flush
        ) { piece in
            deliver(piece, point)
        }
        flush()
        replayed.finisher.startAnew()
    }

    private func deliver(_ piece: FramePiece, _ point: Int) {
        if settings.spreads {
            // Lemire's multiplication instead of a division.
            let number = Int(UInt64(piece.flow) &* UInt64(outputs.count + files.count) >> 32)
            if number < outputs.count { return outputs[number].sender.add(piece, point: point) }
            return write(piece, point, to: files[number - outputs.count])
        }
        for output in outputs { output.sender.add(piece, point: point) }
        for output in files { write(piece, point, to: output) }
    }

    private func write(_ piece: FramePiece, _ point: Int, to output: OutputFiles) {
        output.add(
            piece, point: point, interface: UInt32(truncatingIfNeeded: point / 2),
            direction: point & 1 == 1 ? .outbound : .inbound)
    }

    private func flush() { for output in outputs { output.sender.flush() } }

    // MARK: News and time

    /// Takes what the kernel says against sockets whose interface went down: the news tell more.
    public func takeErrors() {
        for port in watched { _ = port.ring.takeError() }
    }

    /// Takes in what has become of interfaces.
    public func takeNews() throws {
        let names = try links.update()
        for port in watched where names?.contains(port.name) ?? true {
            tell { try port.update(links[port.name]) }
            port.count(links.statistics(of: port.name))
        }
        for output in outputs where names?.contains(output.port.description) ?? true {
            tell { try output.update(links[output.port.description]) }
        }
    }

    /// An interface may go in the very moment: the next news tell.
    private func tell(_ update: () throws -> String?) {
        do {
            if let words = try update() { remark(words) }
        } catch {
            remark("\(error)")
        }
    }

    /// Lets time pass: files end by the clock, also when no frame comes.
    public func tick(now: Int64) {
        for output in files { output.tick(now: now) }
        tellOfFiles()
    }

    /// When ``tick(now:)`` is due, in nanoseconds since 1970; nil if nothing waits for a time.
    public var nextDeadline: Int64? { files.compactMap(\.nextDeadline).min() }

    /// Begins new files.
    public func rotate(now: Int64) {
        for output in files { output.rotate(now: now) }
        tellOfFiles()
    }

    private func tellOfFiles() {
        for output in files { output.takeRemarks().forEach(remark) }
    }

    // MARK: The end

    /// Hears nothing more; what has been heard is still to be copied.
    public func stop() {
        for port in watched {
            port.count(links.statistics(of: port.name))
            if let index = port.index { port.ring.stopListening(on: index) }
        }
    }

    /// Whether all that was heard before ``stop()`` has been copied or counted.
    public var isDrained: Bool {
        watched.allSatisfy { port in
            port.ring.readStatistics()
            return port.ring.received == port.ring.dropped + port.unwanted + port.finisher.counts.taken
        }
    }

    /// Completes the files.
    public func finish() {
        for output in files { output.finish() }
        tellOfFiles()
    }

    // MARK: Counts

    /// What has been done, up to now.
    public func counts() -> TapCounts {
        var counts = TapCounts()
        counts.spreads = settings.spreads
        for port in watched {
            port.ring.readStatistics()
            var source = TapCounts.Source(port: port.settings.port)
            source.seen = port.seen
            source.received = port.ring.received
            source.lost = port.ring.dropped
            source.unwanted = port.unwanted
            source.finished = port.finisher.counts
            counts.sources.append(source)
        }
        if let replayed { counts.sources.append(replayed.counts) }
        for output in outputs {
            counts.outputs.append(sink(output.port.description, output.sender.counts))
        }
        for output in files {
            let now = output.counts()
            counts.outputs.append(sink("files:\(now.files.directory)", now.copies, now.files))
        }
        return counts
    }

    private func sink(_ name: String, _ copies: [SendCounts], _ files: TapCounts.Files? = nil) -> TapCounts.Sink {
        var sink = TapCounts.Sink(name: name, files: files)
        for (number, point) in points.enumerated() { sink.copies[point] = copies[number] }
        return sink
    }

    /// What a capture file says of its interfaces.
    private func statistics() -> [CaptureStatistics] {
        watched.enumerated().map { number, port in
            port.ring.readStatistics()
            port.count(links.statistics(of: port.name))
            var statistics = CaptureStatistics(interface: UInt32(number), time: 0)
            statistics.received = max(port.seen, port.ring.received)
            statistics.accepted = port.ring.received
            statistics.droppedBySystem = port.ring.dropped
            statistics.delivered = port.finisher.counts.taken
            return statistics
        }
    }
}
