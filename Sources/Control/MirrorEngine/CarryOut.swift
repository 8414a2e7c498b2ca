internal import LinuxSystem
internal import MirrorModel
internal import MirrorPlan

extension Reconciler {
    /// Writes the definitions, takes the steps, and puts everything back if one fails.
    /// - Returns: what a person should know of what came of it, in words.
    func carryOut(_ situation: Situation, now: Timestamp) throws -> [String] {
        let change = situation.change
        let outcome = situation.outcome
        let names = Set(outcome.added + outcome.changed)
        let put = change.put.filter { names.contains($0.mirror.name) }
        let removed = Set(outcome.removed)
        let definitions = situation.definitions
        let marks = try mark(situation)
        let undo: () throws -> [IntentStore.Undo]
        if put.count + removed.count <= 32 || outcome.takenOver != nil {
            // Few are written first, so that a kill leaves a definition to finish. So are those that are taken over:
            // a filter of others that was removed can't be put back if a file can't be written afterwards.
            let written: [IntentStore.Undo]
            do {
                written = try store.change(put: put, remove: removed, in: definitions, now: now)
            } catch {
                try withdraw(marks, after: error)
                throw error
            }
            undo = { written }
        } else {
            let writing = try OwnThread.start { [store] in
                try store.change(put: put, remove: removed, in: definitions, now: now)
            }
            undo = writing.wait
        }
        do {
            let remarks = try engine.perform(outcome.plan.steps, on: outcome.observed)
            _ = try undo()
            for name in outcome.settled { try removals.drop(name) }
            for name in outcome.undatabased { try databases.drop(name) }
            return remarks
        } catch {
            let cause = error
            do {
                try rollBack(to: outcome.observed)
                // Definitions that couldn't be written have been put back already.
                if let written = try? undo() { try store.undo(written) }
                try store.undo(marks)
            } catch {
                throw UserError(
                    "\(cause), and then what was done already couldn't be undone: \(error)",
                    advice: "run 'portmirror apply' to finish, or 'portmirror remove' to clean up")
            }
            throw cause
        }
    }

    /// Writes down what is to be known whatever happens next: which mirrors are to be removed though they may go on
    /// copying, and which come to be in a database that isn't the usual one.
    /// - Returns: how to put back what was written down before.
    private func mark(_ situation: Situation) throws -> [IntentStore.Undo] {
        var marks: [IntentStore.Undo] = []
        do {
            for mirror in situation.outcome.unfinished { marks.append(try removals.save(mirror)) }
            try note(situation, &marks)
        } catch {
            try withdraw(marks, after: error)
            throw error
        }
        return marks
    }

    private func withdraw(_ marks: [IntentStore.Undo], after cause: any Error) throws {
        do { try store.undo(marks) } catch {
            throw UserError(
                "\(cause), and what was written down before couldn't be undone: \(error)",
                advice: "look at \(marks.map(\.path).joined(separator: ", "))")
        }
    }

    private func note(_ situation: Situation, _ marks: inout [IntentStore.Undo]) throws {
        let outcome = situation.outcome
        guard let database = outcome.observed.switchDatabase.name else { return }
        let known = try databases.load()
        let put = situation.change.put
        let temporary = Set(situation.definitions.intents.filter(\.isTemporary).map(\.mirror.name))
            .subtracting(put.map(\.mirror.name)).union(put.filter(\.isTemporary).map(\.mirror.name))
        let touched = Set(outcome.plan.steps.compactMap { $0.as(SwitchStep.self)?.mirror } + put.map(\.mirror.name))
        for name in touched.sorted()
        where outcome.plan.engines[name].flatMap(outcome.observed.carrier(of:)) == .switchTable {
            let note = DatabaseStore.Note(database: database, isTemporary: temporary.contains(name))
            if known[name] != note { marks += try databases.save(note, of: name) }
        }
    }

    private func rollBack(to before: Observation) throws {
        let outputs = Set(before.records.map(\.port.name))
        var last: (any Error)?
        // A port that goes in the middle of it makes the plan stale once more.
        for _ in 0..<3 {
            let now = try engine.observe(outputs: outputs)
            let steps = makeRollback(to: before, from: now)
            if steps.isEmpty { return }
            do {
                try engine.perform(steps, on: now)
                return
            } catch {
                last = error
            }
        }
        if let last { throw last }
    }
}
