public import MirrorModel
public import MirrorPlan

/// The mirrors as they were at one time: what is asked for, and what is.
public struct Look: Sendable {
    /// What the files say.
    public let definitions: Definitions
    /// All mirrors as they are to be, those of broken files as they run; by name.
    public let desired: [DesiredMirror]
    /// What was seen.
    public let observed: Observation
    /// When.
    public let time: Timestamp

    /// How the mirrors are, those included that run without a definition.
    public var status: StatusSnapshot {
        StatusSnapshot(time: time, mirrors: statuses(of: desired, observed: observed, now: time))
    }

    /// Mirrors of which it couldn't be told whether what runs is what the definition says, in words.
    /// - Parameter names: which of them; all, if there is none.
    public func doubts(of names: [MirrorName]) -> [String] {
        desired.filter { names.isEmpty || names.contains($0.mirror.name) }
            .compactMap { wanted in wanted.doubt.map { "mirror \(wanted.mirror.name) is shown as it runs: \($0)" } }
    }
}

extension Definitions {
    /// Mirrors whose files are broken, as they run.
    func frozenMirrors(in observed: Observation) -> [DesiredMirror] {
        frozen(in: observed).map { name, file in
            DesiredMirror(name, asItRunsIn: observed, broken: file.reason)
        }
    }
}

extension Outcome {
    /// With the status of the scope's mirrors, by what was seen before.
    /// - Parameter isApplied: as it would be once the plan is done.
    func withStatus(isApplied: Bool = false) -> Outcome {
        var outcome = self
        outcome.read(observed, plan, isApplied: isApplied)
        return outcome
    }

    /// With what was seen after the act, and what is still to be done then.
    func verified(by after: Observation, rest: Plan) -> Outcome {
        var outcome = self
        outcome.verification = rest.isEmpty ? .confirmed : .incomplete(rest.steps)
        outcome.read(after, rest, isApplied: false)
        return outcome
    }

    private mutating func read(_ observed: Observation, _ plan: Plan, isApplied: Bool) {
        status.mirrors = statuses(
            of: desired, observed: observed, plan: plan, now: status.time, isApplied: isApplied
        ).filter { scope.contains($0.name) }
    }

    /// Processes that copy by a definition that has gone, or another one: they end by themselves.
    var endingProcesses: [String] {
        let gone = removed.compactMap { name in
            observed.taps[name].map {
                "mirror \(name): 'portmirror run \(name)' (process \($0.process)) ends when it sees that"
            }
        }
        let changed = Set(changed)
        // As it is written: a process that was asked for a port by an altname has it under that name.
        let anew = desired.map(\.written).filter { changed.contains($0.name) }.compactMap { mirror in
            observed.taps[mirror.name].flatMap { tap -> String? in
                guard tap.definition != mirror.fingerprint else { return nil }
                let runs =
                    "mirror \(mirror.name): 'portmirror run \(mirror.name)' (process \(tap.process)) ends, since its "
                let isTaps = plan.engines[mirror.name].flatMap(observed.carrier(of:)) == .process
                return runs + "definition has changed" + (isTaps ? ": start it again" : "")
            }
        }
        return gone + anew
    }
}
