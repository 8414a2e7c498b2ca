internal import LinuxSystem
internal import MirrorModel
internal import Netlink
internal import PacketSocket
internal import RouteNetlink

/// Copies the frames of some ports to outputs, in user space: a ring to hear them, a finisher to make them what was on the
/// wire, and outputs that take each copy.
///
/// Opening takes privileges, copying none. Used by one thread.
public final class Tap {
    /// What it does.
    public let settings: TapSettings
    private let links: LinkWatch
    private let watched: [WatchedPort]
    private let outputs: [OutputPort]
    private let points: [Point]
    private let remark: (String) -> Void
    private var left: UInt64

    /// Opens sockets and rings, and begins to hear.
    /// - Parameter remark: takes what a person should know, a sentence without a full stop each.
    /// - Throws: ``SystemError`` or ``NetlinkError``.
    public init(_ settings: TapSettings, remark: @escaping (String) -> Void) throws {
        self.settings = settings
        self.remark = remark
        left = settings.limit ?? .max
        let links = try LinkWatch()
        let points = settings.watched.flatMap { [Point($0.port, .ingress), Point($0.port, .egress)] }
        outputs = try settings.ports.map { try OutputPort($0, points: max(2, points.count), of: settings) }
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
            _ = try output.update(link)
        }
        for port in watched {
            guard let link = links[port.name] else {
                try missing(port.settings.port)
                continue
            }
            if let words = try port.update(link) { remark(words) }
            port.count(links.statistics(of: port.name))
        }
    }

    private func missing(_ port: PortName) throws {
        guard settings.waits else { throw SystemError(.noDevice, "find the interface", port.description) }
        remark("\(port) isn't there yet; waiting for it")
    }

    /// What to wait on for frames.
    public var frameDescriptors: [Int32] { watched.map(\.ring.number) }
    /// What to wait on for news of interfaces.
    public var newsDescriptor: Int32 { links.number }
    /// Whether as many frames have come as were wanted.
    public var isSatisfied: Bool { left == 0 }

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
        // Signals and news have their turn after a ring's worth of blocks.
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

    private func deliver(_ piece: FramePiece, _ point: Int) {
        if settings.spreads {
            // Lemire's multiplication instead of a division.
            let number = Int(UInt64(piece.flow) &* UInt64(outputs.count) >> 32)
            return outputs[number].sender.add(piece, point: point)
        }
        for output in outputs { output.sender.add(piece, point: point) }
    }

    private func flush() { for output in outputs { output.sender.flush() } }

    // MARK: News

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
        for output in outputs {
            var sink = TapCounts.Sink(name: output.port.description)
            for (number, point) in points.enumerated() { sink.copies[point] = output.sender.counts[number] }
            counts.outputs.append(sink)
        }
        return counts
    }
}
