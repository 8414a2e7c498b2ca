internal import LinuxSystem
public import MirrorEngine
public import MirrorModel
public import MirrorPlan

/// The engine whose mirrors run in processes of their own, `portmirror run`: it asks these how they are, and changes nothing.
///
/// A process is there as long as its socket is: no file tells of one that has gone.
public final class TapEngine: Engine {
    private let directory: String
    private let complain: (String) -> Void

    /// - Parameters:
    ///   - runDirectory: of this program.
    ///   - complain: takes what is amiss with a process that doesn't answer as it should.
    public init(runDirectory: String, complain: @escaping (String) -> Void) {
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

    /// All of it, everywhere.
    public var capabilities: EngineCapabilities { .tap }

    /// Asks every process.
    public func observe(into observation: inout Observation) throws {
        let suffix = ".sock"
        let processes = ((try? Files.list(directory)) ?? []).filter { $0.hasSuffix(suffix) }
            .compactMap { file in (try? MirrorName(String(file.dropLast(suffix.count)))).map { (name: $0, file: file) }
            }
        let answers = LocalQuestion.ask(processes.map { "\(directory)/\($0.file)" })
        for ((name, file), answer) in zip(processes, answers) {
            do {
                guard let answer = try answer.get() else {
                    tidy(name, file)
                    continue
                }
                observation.taps[name] = try TapReport(decoding: answer)
            } catch let error as SystemError where error.errno == .access {
                observation.silences[name] = .notAllowed
            } catch {
                let isLate = (error as? SystemError)?.errno == .timedOut
                let silence: Silence =
                    isLate ? .late(seconds: LocalQuestion.usualPatience / 1000) : .unreadable("\(error)")
                observation.silences[name] = silence
                complain(silence.words(of: "the process of \(name)"))
            }
        }
    }

    /// A process that had given up its privileges couldn't take its socket away. Nobody asks for its name again.
    private func tidy(_ name: MirrorName, _ file: String) {
        // Who may not leaves it to who may.
        if name.description.hasPrefix("tap-") { try? LocalListener.tidy("\(directory)/\(file)") }
    }

    /// There is nothing to do from outside of a process.
    @discardableResult
    public func perform(_ steps: [Step]) throws -> [String] {
        guard let step = steps.first else { return [] }
        throw StepFailure(step: step, reason: "taps run in processes of their own", isStale: false)
    }
}
