internal import LinuxSystem
internal import MirrorEngine
internal import MirrorModel
internal import MirrorPlan
internal import Tap

extension PreparedTap {
    /// Opens what takes privileges: the PID file, captures, the socket at which it answers, and the rings, which hear nothing
    /// yet. One that goes on in the background does so from here.
    /// - Throws: what couldn't be opened. What was opened before goes again.
    public consuming func open() throws -> OpenedTap { try OpenedTap(self) }
}

/// A tap that has opened what takes privileges, and still has them. It copies nothing.
public struct OpenedTap: ~Copyable {
    let configuration: TapConfiguration
    let audience: any TapAudience
    let identity: Identity?
    let start: DaemonStart?
    let pidFile: PIDFile?
    let signals: SignalDescriptor
    let captures: CaptureSequence?
    let hosted: HostedTap?
    let tap: Tap

    init(_ prepared: consuming PreparedTap) throws {
        let (configuration, audience) = (prepared.configuration, prepared.audience)
        // A process of its own before anything is held that is to be its alone.
        let start = configuration.isDaemon ? try DaemonStart() : nil
        let pidFile = try Self.pidFile(configuration)
        ThisProcess.outliveReaders()
        let signals = try SignalDescriptor(configuration.signals)
        let captures =
            configuration.captures.isEmpty
            ? nil : try CaptureSequence(configuration.captures) { audience.warn($0) }
        let hosted = try HostedTap(for: configuration, audience)
        tap = try Self.tap(configuration, at: prepared.points, audience)
        (self.captures, self.hosted) = (captures, hosted)
        self.configuration = configuration
        self.audience = audience
        identity = prepared.identity
        self.start = start
        self.pidFile = pidFile
        self.signals = signals
    }

    private static func pidFile(_ configuration: TapConfiguration) throws -> PIDFile? {
        guard let path = configuration.pidFile else { return nil }
        do throws(PIDFileError) { return try PIDFile(path) } catch { throw UserError("\(error)") }
    }

    private static func tap(
        _ configuration: TapConfiguration, at points: [Point], _ audience: any TapAudience
    ) throws -> Tap {
        do {
            return try Tap(configuration.settings(at: points), in: .current()) { audience.remark($0) }
        } catch let error as SystemError where error.errno == .noDevice {
            throw UserError(
                "there is no interface \(error.object)",
                advice: "'portmirror ports' lists what there is; --wait waits for it")
        }
    }
}

extension TapConfiguration {
    /// What was started with nohup(1) goes on when its terminal goes; files begin anew at that signal in any case.
    fileprivate var signals: Set<Signal> {
        let ignoresHangUp = Signal.hangUp.isIgnored && mirror.directories.isEmpty
        return [.interrupt, .terminate, .quit, .user1, ignoresHangUp ? .user1 : .hangUp]
    }

    /// What the tap is to do, for points that were found to be watched.
    fileprivate func settings(at points: [Point]) throws -> TapSettings {
        var settings = try TapSettings(mirror, at: points)
        settings.latency = milliseconds
        settings.ringBytes = ringBytes
        settings.usesQueues = usesQueues
        settings.limit = limit
        settings.isPromiscuous = isPromiscuous
        settings.opensBridges = opensBridges
        settings.waits = waits
        return settings
    }
}
