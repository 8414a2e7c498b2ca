public import LinuxSystem
internal import LocalSocket
public import MirrorEngine
public import MirrorModel
public import MirrorPlan

/// The engine whose mirrors run in processes of their own, `portmirror run`: it asks these how they are, and changes nothing.
///
/// A process is there as long as its socket is: no file tells of one that has gone.
public final class TapEngine: Engine {
    private let directory: String
    private let namespace: NetworkNamespace
    private let complain: (String) -> Void

    /// - Parameters:
    ///   - namespace: whose processes count.
    ///   - runDirectory: of this program.
    ///   - complain: takes what is amiss with a process that doesn't answer as it should.
    public init(in namespace: NetworkNamespace, runDirectory: String, complain: @escaping (String) -> Void) {
        self.namespace = namespace
        directory = Self.directory(in: runDirectory)
        self.complain = complain
    }

    /// Where sockets are.
    public static func directory(in runDirectory: String) -> String { "\(runDirectory)/taps" }

    /// Whether there may be a process to ask.
    public static func mayRun(in runDirectory: String) -> Bool {
        ((try? Files.list(directory(in: runDirectory))) ?? [])?.isEmpty == false
    }

    /// At which a mirror's process answers.
    public static func socket(of mirror: MirrorName, in runDirectory: String) -> String {
        "\(directory(in: runDirectory))/\(mirror).sock"
    }

    /// That of taps.
    public var name: EngineName { .tap }

    /// Asks every process.
    public func observe(into observation: inout Observation) throws {
        observation.engines.append(.tap)
        let suffix = ".sock"
        let own = try namespace.identity()
        let processes = ((try? Files.list(directory)) ?? []).filter { $0.hasSuffix(suffix) }
            .compactMap { file in (try? MirrorName(String(file.dropLast(suffix.count)))).map { (name: $0, file: file) }
            }
        let answers = LocalQuestion.ask(processes.map { "\(directory)/\($0.file)" })
        for ((name, file), answer) in zip(processes, answers) {
            do {
                guard let report = try Self.report(answer, from: "\(directory)/\(file)") else {
                    tidy(name, file)
                    continue
                }
                if let theirs = report.namespace, theirs != own {
                    observation.elsewhere.insert(name)
                } else {
                    observation.taps[name] = report
                }
            } catch let error as SystemError where error.errno == .access {
                observation.unaskable[name] = "only its user and root may ask it"
            } catch {
                let words = Self.words(error, "\(directory)/\(file)")
                observation.unaskable[name] = words
                complain("the process of mirror \(name) can't be asked: \(words)")
            }
        }
    }

    /// What it says; nil if nobody is there.
    ///
    /// A process that ends breaks off with those who ask at that moment, so whoever answers nothing right is asked again. Who
    /// lets the time pass isn't: that would take as long once more.
    private static func report(_ answer: Result<[UInt8]?, SystemError>, from path: String) throws -> TapReport? {
        do {
            return try answer.get().map(TapReport.init(decoding:))
        } catch let error as SystemError where error.errno == .access || error.errno == .timedOut {
            throw error
        } catch {
            return try LocalQuestion.ask(path).map(TapReport.init(decoding:))
        }
    }

    private static func words(_ error: any Error, _ path: String) -> String {
        let isLate = (error as? SystemError)?.errno == .timedOut
        let fault =
            isLate
            ? "hasn't answered within \(LocalQuestion.usualPatience / 1000) seconds" : "doesn't answer as a tap"
        return "what listens at \(path) \(fault) ('ss -xlp src \(path)' names the process)"
    }

    /// A process that had given up its privileges couldn't take its socket away. Nobody asks for its name again.
    private func tidy(_ name: MirrorName, _ file: String) {
        // Who may not leaves it to who may.
        if name.description.hasPrefix("tap-") { try? LocalListener.tidy("\(directory)/\(file)") }
    }

    /// There is nothing to do from outside of a process.
    @discardableResult
    public func perform(_ steps: [Step], on observed: Observation) throws -> [String] {
        guard let step = steps.first else { return [] }
        throw StepFailure(step: step, reason: "taps run in processes of their own", isStale: false)
    }
}
