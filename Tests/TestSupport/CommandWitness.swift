import Foundation
import Glibc

/// tcpdump, listening on one interface of a namespace: the independent witness of what arrived.
public final class FrameWitness {
    private let program: BackgroundProgram
    private let lab: CommandLab
    private let path: String

    init(_ lab: CommandLab, _ arguments: [String], namespace: String, path: String) throws {
        self.lab = lab
        self.path = path
        program = try lab.start(["tcpdump"] + arguments, in: namespace)
        try program.waitForError(containing: "listening on")
    }

    /// What has arrived so far, sentinels left out.
    public var frames: [[UInt8]] {
        capture.frames.filter { WireFrame.type(of: $0) != WireFrame.sentinelType }
    }

    private var capture: CapturedFrames { CapturedFrames(TextFile.bytes(path) ?? []) }

    private static let sentinel = WireFrame.make(
        to: WireFrame.broadcast, from: [2, 0, 0, 0, 0xff, 0xff], type: WireFrame.sentinelType)

    /// How many sentinels are near the end of the file, which may be long.
    private var sentinels: Int {
        let tail = TextFile.bytes(path, last: 4096) ?? []
        let mark = Self.sentinel.prefix(14)
        return tail.indices.count { tail[$0...].starts(with: mark) }
    }

    /// Waits for a number of frames, then sends a last one through `port` of the switch and waits for that: what
    /// comes before it has arrived, and what isn't there won't come.
    public func finish(expecting count: Int, sentinelThrough port: String, seconds: Double = 3) throws -> [[UInt8]] {
        if count > 0 { _ = Deadline.poll(seconds: seconds) { self.frames.count >= count ? true : nil } }
        try awaitSentinels(through: port)
        return try stop()
    }

    /// Sends two frames, one after the other, and waits until they are in the file.
    public func awaitSentinels(through port: String) throws {
        let before = sentinels
        for round in 1...2 {
            try FrameSender.send([Self.sentinel], through: port, in: lab.sw)
            guard Deadline.poll(seconds: 5, { self.sentinels >= before + round ? true : nil }) != nil else {
                throw LabError("the sentinel frame through \(port) never arrived")
            }
        }
    }

    /// Ends the capture; everything that has arrived is in the file then.
    @discardableResult
    public func stop() throws -> [[UInt8]] {
        program.signal(SIGINT)
        guard program.wait(seconds: 10) != nil else { throw LabError("tcpdump doesn't end: \(program.error)") }
        guard program.error.contains("0 packets dropped by kernel") else {
            throw LabError("tcpdump lost packets: \(program.error)")
        }
        return frames
    }

    /// Where the capture is.
    public var file: String { path }
}

extension CommandLab {
    /// Listens to what arrives at an interface.
    /// - Parameters:
    ///   - direction: tcpdump's -Q: in, out or inout.
    ///   - isPromiscuous: whether the interface becomes that.
    ///   - filter: a pcap-filter expression, if only some frames are of interest; sentinels pass anyway.
    ///   - buffer: KiB that the kernel may hold for it.
    ///   - immediate: without it the buffer holds more, and frames come up to a second later.
    public func listen(
        in namespace: String, on interface: String = "eth0", direction: String = "in", isPromiscuous: Bool = false,
        filter: String? = nil, snaplen: Int = 262_144,
        buffer: Int = 4096, immediate: Bool = true
    ) throws -> FrameWitness {
        let file = path("capture-\(UUID().uuidString.prefix(8)).pcap")
        var arguments = ["-i", interface, "-Q", direction, "-n", "-Z", "root", "-s", "\(snaplen)", "-B", "\(buffer)"]
        if !isPromiscuous { arguments.append("-p") }
        if immediate { arguments.append("--immediate-mode") }
        arguments += ["-U", "-w", file]
        if let filter { arguments.append("(\(filter)) or ether proto 0x88b5") }
        return try FrameWitness(self, arguments, namespace: namespace, path: file)
    }

    /// Listens at a host, which is behind port `pN`.
    public func listen(at number: Int, filter: String? = nil) throws -> FrameWitness {
        try listen(in: host(number), filter: filter)
    }

    /// Pings from one host to another; every reply is expected.
    /// - Throws: ``LabError`` if a reply is missing: the originals were harmed.
    public func ping(_ from: Int, _ to: Int, count: Int = 10) throws {
        let outcome = try run(
            ["ping", "-n", "-q", "-c", "\(count)", "-i", "0.002", "-W", "2", "10.0.0.\(to)"], in: host(from))
        guard outcome.succeeded, outcome.output.contains("\(count) received, 0% packet loss") else {
            throw LabError("ping lost originals: \(outcome)")
        }
    }
}
