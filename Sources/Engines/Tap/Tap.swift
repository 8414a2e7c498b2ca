public import CaptureFile
public import LinuxSystem
internal import MirrorModel
internal import Netlink
internal import PacketFilter
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
    private var watched: [WatchedPort] {
        get { books.ports }
        set { books.ports = newValue }
    }
    private let books: InterfaceBooks
    private let outputs: [OutputPort]
    private let inquiry: KernelInquiry
    /// When to look at the way out of outputs whose queue may be passed by; nil if none may.
    private var egress: EgressWatch?
    private var files: [OutputFiles] = []
    private let replayed: Replayed?
    private var points: [Point]
    /// What files describe: watched ports, and bridges in place of their members.
    private var interfaces: [(name: PortName, framing: Framing)] = []
    /// For ports that join a watched bridge when there are no privileges any more.
    private var spares: [UnboundSocket] = []
    private let remark: (String) -> Void
    private var left: UInt64

    /// Opens sockets and rings; nothing is heard yet.
    /// - Parameters:
    ///   - namespace: the calling thread's.
    ///   - remark: takes what a person should know, a sentence without a full stop each.
    /// - Throws: ``SystemError`` or ``NetlinkError``.
    public init(_ settings: TapSettings, in namespace: NetworkNamespace, remark: @escaping (String) -> Void) throws {
        self.settings = settings
        self.remark = remark
        left = settings.limit ?? .max
        let inquiry = try KernelInquiry(in: namespace)
        self.inquiry = inquiry
        let names = settings.watched.map(\.port) + settings.ports
        let links = try LinkWatch(
            inquiry,
            NetlinkSubscription(
                .route, groups: [RouteGroup.link], in: namespace, receiveBuffer: settings.newsBytes),
            names: Set(names.map(\.description)), bridges: settings.bridges.map(\.description))
        var points = settings.watched.flatMap { [Point($0.port, .ingress), Point($0.port, .egress)] }
        if points.isEmpty {
            let name = try PortName("capture")
            points = [Point(name, .ingress), Point(name, .egress)]
            replayed = Replayed(
                settings, name: name, mtu: settings.ports.compactMap { links[$0.description]?.mtu }.max())
        } else {
            replayed = nil
        }
        outputs = try settings.ports.map { try OutputPort($0, points: points.count, of: settings) }
        let passesQueues = !settings.usesQueues && !settings.keepsOffloads && !settings.ports.isEmpty
        egress = passesQueues ? EgressWatch() : nil
        self.links = links
        books = InterfaceBooks(links)
        self.points = points
        if !settings.bridges.isEmpty {
            spares = try (0..<settings.mostJoining).map { _ in try UnboundSocket(for: "ports that join a bridge") }
        }
        for (number, port) in settings.watched.enumerated() { watched.append(try watch(port, points: number * 2)) }
        // Outputs first: the first frame finds them there.
        for output in outputs {
            guard let link = links[output.port.description] else {
                try missing(output.port)
                continue
            }
            if let words = try output.update(link) { remark(words) }
            output.compare(with: links.ask(link.name))
        }
        // While it may be asked what only the privileged are told.
        if egress != nil { for output in outputs { output.chooseWay(inquiry) } }
        for port in watched where links[port.name] == nil && !port.settings.port.isAny {
            try missing(port.settings.port)
        }
    }

    private func missing(_ port: PortName) throws {
        guard settings.waits else { throw SystemError(.noDevice, "find the interface", port.description) }
        remark("\(port) isn't there yet; waiting for it")
    }

    private func watch(
        _ port: TapSettings.Watched, points: Int, spare: UnboundSocket? = nil
    ) throws -> WatchedPort {
        let link = links[port.port.description]
        let described = bridge(of: link) ?? port.port
        let interface = interfaces.firstIndex { $0.name == described } ?? interfaces.count
        let watched = try WatchedPort(
            port, of: settings, points: (points, points + 1), interface: interface, link: link, spare: spare,
            inquiry: inquiry)
        if interface == interfaces.count { interfaces.append((described, watched.framing)) }
        // One that is named as well is heard wherever it is.
        watched.bridge = settings.named.contains(port.port) ? nil : bridge(of: link)
        return watched
    }

    /// The watched bridge that a link is a member of, or is.
    private func bridge(of link: Link?) -> PortName? {
        guard let link else { return nil }
        return settings.bridges.first { name in
            name.description == link.name || links[name.description].map { $0.index == link.master } == true
        }
    }

    /// Hears a port that has joined a watched bridge.
    private func join(_ link: Link) {
        guard let name = try? PortName(link.name), let bridge = bridge(of: link), link.name != bridge.description,
            !watched.contains(where: { $0.name == link.name }), !settings.ports.contains(name)
        else { return }
        guard let spare = spares.popLast() else {
            return remark(
                "\(name) has joined \(bridge), but \(settings.mostJoining) have already: start again to copy it")
        }
        links.mind(link.name)
        let first = points.count
        points += [Point(name, .ingress), Point(name, .egress)]
        for output in outputs { output.sender.count(points: points.count) }
        for output in files { output.count(points: points.count) }
        tell {
            let port = try watch(TapSettings.Watched(port: name, hooks: [.ingress]), points: first, spare: spare)
            watched.append(port)
            if let words = try port.update(link) { remark(words) }
            port.count(links.ask(port.name))
            return "\(name) has joined \(bridge), and is copied, too"
        }
    }

    /// Begins files, which start threads of their own, and to hear.
    /// - Parameter directories: those that copies are written to.
    public func begin(_ directories: [TapFiles] = []) throws {
        let interfaces =
            watched.isEmpty
            ? points.prefix(1).map { (name: $0.port, framing: Framing.ethernet) } : self.interfaces
        let everyLink = links.all.sorted { $0.index < $1.index }.map { "\($0.index) \($0.name)" }
        let counted = self.interfaces.count
        files = try directories.map { files in
            // A weak reference to the tap would make the counting of its references slow, which is done for each frame.
            try OutputFiles(files, points: points.count, interfaces: interfaces, everyLink: everyLink, of: settings) {
                [books] in
                books.statistics(of: counted)
            }
        }
        for port in watched {
            if port.settings.port.isAny { try port.listenToAll() }
            guard let link = wanted(port) else { continue }
            tell { try port.update(link) }
        }
        books.readCounters()
        try inquiry.begin()
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
        guard outputs.count == 1, files.isEmpty, let sender = outputs.first?.sender else {
            return copy(from: port) { piece, point in deliver(piece, point, port.interface) }
        }
        // To look up where each frame goes would take longer than anything else here.
        return copy(from: port) { piece, point in sender.add(piece, point: point) }
    }

    private func copy(from port: WatchedPort, deliver: (FramePiece, Int) -> Void) -> Bool {
        // Signals and news have their turn after some blocks.
        let limit = ThisProcess.monotonicNanoseconds() + 100_000_000
        for _ in 0..<64 {
            let now = ThisProcess.monotonicNanoseconds()
            guard now < limit else { return true }
            guard let block = port.ring.nextBlock() else { return false }
            chooseWays(now: now)
            block.forEach { frame in
                guard left > 0 else {
                    port.unwanted += 1
                    return
                }
                left -= 1
                let point = frame.isOutgoing ? port.points.egress : port.points.ingress
                // A method as a closure would be made, and counted, for every frame.
                port.finisher.finish(frame, flush: { flush() }) { piece in deliver(piece, point) }
                if left == 0 { port.unwanted += takeBackLast(from: port.finisher) }
            }
            flush()
            port.finisher.reset()
            // Where much comes, and there is room for more, who else wants this processor goes first: it may be those whose
            // frames these are, or the kernel's thread that carries them.
            if block.isFull, !port.ring.isFilled(toOneIn: 3) { ThisThread.yield() }
        }
        return true
    }

    /// Copies a frame of a capture.
    public func take(_ packet: CapturedPacket) {
        guard let replayed else { return }
        guard replayed.selects(packet), left > 0 else { return }
        chooseWays(now: ThisProcess.monotonicNanoseconds())
        left -= 1
        let point = packet.direction == .outbound ? 1 : 0
        replayed.finisher.finish(
            packet.capturedBytes.span, timestamp: packet.timestamp ?? 0, originalLength: packet.originalLength,
            isOutgoing: point == 1, flush: flush
        ) { piece in
            deliver(piece, point, 0)
        }
        if left == 0 { replayed.unwanted += takeBackLast(from: replayed.finisher) }
        flush()
        replayed.finisher.reset()
    }

    private func deliver(_ piece: FramePiece, _ point: Int, _ interface: UInt32) {
        if settings.spreads {
            let number = FlowHash.share(of: piece.flow, among: outputs.count + files.count)
            if number < outputs.count { return outputs[number].sender.add(piece, point: point) }
            return write(piece, point, interface, to: files[number - outputs.count])
        }
        // To walk through an array counts it, and its elements, even if there are none.
        if !outputs.isEmpty { for output in outputs { output.sender.add(piece, point: point) } }
        if !files.isEmpty { for output in files { write(piece, point, interface, to: output) } }
    }

    private func write(_ piece: FramePiece, _ point: Int, _ interface: UInt32, to output: OutputFiles) {
        output.add(
            piece, point: point, interface: interface,
            direction: point & 1 == 1 ? .outbound : .inbound)
        // What comes after the last file isn't wanted.
        if output.isFinished, files.allSatisfy(\.isFull) { left = 0 }
    }

    /// What showed that there is to be no more file is beyond the limit, as what comes after it.
    private func takeBackLast(from finisher: FrameFinisher) -> UInt64 {
        guard outputs.isEmpty, files.count == 1, files[0].unwanted == 1 else { return 0 }
        let frames = finisher.takeBackLast()
        files[0].unwanted -= frames
        return frames
    }

    /// Looks from time to time who is at the outputs.
    private func chooseWays(now: UInt64) {
        guard egress?.isDue(now: now) == true else { return }
        for output in outputs { output.chooseWay(inquiry) }
    }

    private func flush() { for output in outputs { output.sender.flush() } }

    // MARK: News and time

    /// Takes what the kernel says against sockets whose interface went down: the news tell more.
    public func takeErrors() {
        for port in watched { _ = port.ring.takeError() }
    }

    /// When news are to be asked for, by the monotonic clock, though none have come; nil for never.
    public var nextLook: UInt64? { links.nextLook }

    /// Takes in what has become of interfaces.
    public func takeNews() {
        let names = links.update(now: ThisProcess.monotonicNanoseconds())
        let changed = watched.filter { names?.contains($0.name) ?? true }
        for port in changed {
            if links.hasGone(port.name) || names == nil && !port.isStillBound {
                if let last = links.sunk[port.name] ?? nil { port.count(last) }
                tell { try port.update(nil) }
            }
            tell { try port.update(wanted(port)) }
        }
        if !changed.isEmpty { books.readCounters(of: changed) }
        for output in outputs where names?.contains(output.port.description) ?? true {
            let name = output.port.description
            if let carried = links.sunk[name] {
                if let carried { output.settle(with: carried) } else { output.settle(with: links.ask(name)) }
            }
            if links.hasGone(name) || names == nil && !output.isStillBound { tell { try output.update(nil) } }
            tell { try output.update(links[name]) }
            if links.sunk[name] != nil || names == nil { output.compare(with: links.ask(name)) }
            // A listener that has just come is news, if it made the port promiscuous.
            if egress != nil { output.chooseWay(inquiry) }
        }
        if !settings.bridges.isEmpty {
            for link in names.map({ $0.compactMap { links[$0] } }) ?? Array(links.all) { join(link) }
        }
    }

    /// The interface that a port is heard at. One that is heard as a bridge's member has gone once it is that no more.
    private func wanted(_ port: WatchedPort) -> Link? {
        // An interface may be called that.
        guard !port.settings.port.isAny else { return nil }
        guard let link = links[port.name], let bridge = port.bridge, bridge != port.settings.port else {
            return links[port.name]
        }
        return links[bridge.description].map { $0.index == link.master } == true ? link : nil
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
        tell {
            for port in watched { try port.settlePromiscuity() }
            return nil
        }
        tellOfFiles()
    }

    /// When ``tick(now:)`` is due, in nanoseconds since 1970; nil if nothing waits for a time.
    public var nextDeadline: Int64? {
        // Asked for each time that it is waited: without an array in between.
        var next: Int64?
        for output in files {
            if let deadline = output.nextDeadline { next = min(next ?? deadline, deadline) }
        }
        return next
    }

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
        let now = links.ask(watched.map(\.name))
        for port in watched {
            port.count(now?[port.name])
            // Its request that all frames be let through goes with the process.
            if let index = port.index ?? (port.settings.port.isAny ? 0 : nil) { port.ring.stopListening(on: index) }
        }
    }

    /// Frames that have come out of the rings.
    public var taken: UInt64 { watched.map { $0.unwanted + $0.finisher.counts.taken }.reduce(0, +) }

    /// Whether all that was heard before ``stop()`` has been copied or counted.
    public var isDrained: Bool {
        watched.allSatisfy { port in
            port.ring.readStatistics()
            return port.ring.received == port.ring.dropped + port.unwanted + port.finisher.counts.taken
        }
    }

    /// Completes the files.
    public func finish() {
        books.isPatient = true
        for output in files {
            output.finish { [remark] in
                remark(
                    "\(output.directory) doesn't take the last packets; still waiting for it. "
                        + "What is written is kept if this is killed: the next log there completes the file")
            }
        }
        tellOfFiles()
    }

    // MARK: Counts

    /// What has been done, up to now.
    public func counts() -> TapCounts {
        var counts = TapCounts()
        counts.spreads = settings.spreads
        books.readCounters()
        for port in watched {
            var source = TapCounts.Source(port: port.settings.port)
            source.seen = port.seen
            source.missed = port.missed
            source.isSelected = settings.selectsSome
            source.received = port.ring.received
            source.lost = port.ring.dropped
            source.unwanted = port.unwanted
            source.finished = port.finisher.counts
            counts.sources.append(source)
        }
        if let replayed { counts.sources.append(replayed.counts) }
        for output in outputs {
            var sink = sink(output.port.description, output.sender.counts)
            sink.queueReason = output.queueReason
            counts.outputs.append(sink)
        }
        for output in files {
            let now = output.counts()
            var sink = sink("files:\(now.files.directory)", now.copies, now.files)
            sink.unwanted = output.unwanted
            counts.outputs.append(sink)
        }
        return counts
    }

    private func sink(_ name: String, _ copies: [SendCounts], _ files: TapCounts.Files? = nil) -> TapCounts.Sink {
        var sink = TapCounts.Sink(name: name, files: files)
        for (number, point) in points.enumerated() { sink.copies[point] = copies[number] }
        return sink
    }
}
