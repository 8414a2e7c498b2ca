import MirrorEngine
import MirrorModel
import MirrorPlan

/// The adding of a mirror, once it is clear which.
struct Addition {
    var mirror: Mirror
    var isTemporary: Bool
    /// Whether it takes the place of one of the same name.
    var replaces: Bool
    var isDryRun: Bool
    var places: any Places

    func run() throws {
        try Change(name: mirror.name, isDryRun: isDryRun, mustBeNew: !replaces, verb: "adding", places: places)
            .run { _ in (mirror, isTemporary) }
    }
}

/// The defining of a mirror, anew or for the first time.
struct Change {
    var name: MirrorName
    var isDryRun: Bool
    var mustBeNew = false
    var verb: String
    var places: any Places

    /// - Parameter definition: what it is to be, which is asked for when nobody else changes anything.
    func run(_ definition: (Session) throws -> (Mirror, isTemporary: Bool)?) throws {
        if !isDryRun { try Privilege.requireNetAdmin(to: "\(verb) a mirror") }
        let session = try Session(places)
        func change() throws -> Reconciler.Change {
            var change = Reconciler.Change()
            change.put = try definition(session).map { [($0.0, $0.isTemporary)] } ?? []
            change.scope = .only([name])
            change.mustBeNew = mustBeNew
            return change
        }
        if isDryRun {
            let preview = try session.reconciler.preview(try change(), now: session.now)
            try PlanOutput(preview).printText()
            if !preview.plan.refusals.isEmpty { throw ExitStatus.failed }
            return
        }
        let done = try session.apply(change)
        PlanOutput.complain(of: done)
        let status = statuses(
            of: done.desired, observed: done.observed, now: session.now, engines: done.engines, isApplied: true
        )
        .first { $0.name == name }
        guard let status, status.state != .active else { return }
        // Who asked for a mirror needn't know that what he asked for takes a process.
        let why = status.engine == .tap && status.tap == nil ? status.note ?? "" : ""
        Terminal.complain(
            UserError("mirror \(name) is \(status.state.rawValue): \(status.reason)", advice: why))
    }
}

extension Addition {
    /// From a plain command line without its first word, `add`; nil if it isn't plain, or wrong.
    init?(plainly arguments: some Collection<String>, now: Timestamp) {
        guard let plain = PlainArguments(arguments, kind: Self.kind), plain.operands.count == 1,
            let mirror = try? PlainMirror(plain).mirror(plain.operands, now: now)
        else { return nil }
        self.mirror = mirror
        isTemporary = plain.has("--temporary")
        replaces = plain.has("--replace")
        isDryRun = plain.has("--dry-run")
        places = PlainPlaces(configDir: plain.value("--config-dir"))
    }

    /// The options that are read plainly; those that are missing here are the parser's. `--db` is among these: a
    /// database in an unusual place has a name that can be wrong.
    private static func kind(_ option: String) -> PlainArguments.Kind? {
        switch option {
        case "--from", "--from-bridge", "--to": .values
        case "--vlan", "--filter", "--engine", "--for", "--config-dir": .value
        case "--spread", "--temporary", "--replace", "--reserve-output", "--keep-offloads", "--dry-run": .flag
        default: nil
        }
    }
}

private struct PlainPlaces: Places {
    var configDir: String?
    let db: String? = nil
    let privateKey: String? = nil
    let certificate: String? = nil
    let caCert: String? = nil
}

private struct PlainMirror: MirrorArguments {
    let plain: PlainArguments

    init(_ plain: PlainArguments) { self.plain = plain }

    var from: [String] { plain.values("--from") }
    var fromBridge: [String] { plain.values("--from-bridge") }
    var outputs: [String] { plain.values("--to") }
    var vlans: String? { plain.value("--vlan") }
    var filter: String? { plain.value("--filter") }
    var sample: UInt32? { nil }
    var snaplen: UInt32? { nil }
    var spread: Bool { plain.has("--spread") }
    var engine: String? { plain.value("--engine") }
    var duration: String? { plain.value("--for") }
    var reserve: Bool { plain.has("--reserve-output") }
    var keepOffloads: Bool { plain.has("--keep-offloads") }
    var firstFileOption: String? { nil }

    func fileSettings(over old: FileSettings, problems: inout [String]) -> FileSettings { old }
}
