import LinuxSystem
import Netlink
import Testing

/// Answers of a real kernel; see ``KernelAnswers``.
@Suite struct ExtendedAcknowledgementTests {
    private func error(_ answer: [UInt8], _ sequence: UInt32, _ request: NetlinkRequest = change) -> NetlinkError? {
        exchange([request], firstSequence: sequence, [answer]).results.first?.error
    }

    private let adding = NetlinkRequest(
        type: 36, payload: [], operation: "add the clsact qdisc", object: "vnet1")

    @Test("An acknowledgement is success without words") func acknowledgementSuccessWithoutWords() {
        let outcome = exchange([change], firstSequence: 11, [KernelAnswers.acknowledgement])
        #expect(outcome.results.map(\.reply?.warning) == [.some(nil)])
        #expect(outcome.isComplete)
    }

    @Test("An error without words is told in the C library's") func errorWithoutWordsTold() {
        let error = error(KernelAnswers.noDevice, 12, question)
        #expect(error?.errno == .noDevice)
        #expect(error?.kernelMessage == nil)
        #expect(error?.description == "can't look up the interface on vnet1: No such device (ENODEV)")
    }

    @Test("The kernel's own words are read, with and without the request before them")
    func kernelOwnWordsRead() {
        for answer in [KernelAnswers.exclusiveCapped, KernelAnswers.exclusiveUncapped] {
            let error = error(answer, 9, adding)
            #expect(error?.errno == .exists)
            #expect(
                error?.description
                    == "can't add the clsact qdisc on vnet1: Exclusivity flag on, cannot modify (EEXIST)")
        }
    }

    @Test("The place of the mistake is read, with and without the request before it")
    func placeMistakeReadWithout() {
        for answer in [KernelAnswers.offsetCapped, KernelAnswers.offsetUncapped] {
            let error = error(answer, 10)
            #expect(error?.errno?.name == "ERANGE")
            #expect(error?.kernelMessage == "Attribute failed policy validation")
            #expect(error?.offset == 32)
            #expect(error?.missingAttribute == nil)
        }
    }

    @Test("A missing attribute is named") func missingAttributeNamed() {
        let error = error(KernelAnswers.missingAttribute, 17)
        #expect(error?.missingAttribute == 1)
        #expect(
            error?.description
                == "can't set the interface up on vnet0: Invalid argument (EINVAL), missing attribute 1")
    }

    @Test("Words on a success are a warning") func wordsOnSuccessWarning() throws {
        let sequence = try #require(try NetlinkMessage.parse(KernelAnswers.warning[...]).first).sequence
        let outcome = exchange([change], firstSequence: sequence, [KernelAnswers.warning])
        #expect(
            outcome.results.map(\.reply?.warning)
                == ["sch_htb: quantum of class 10010 is big. Consider r2q change."])
    }

    @Test("A dump's failure is in its DONE, with words") func dumpFailureDoneWords() {
        let error = error(KernelAnswers.doneWithError, 13, dump)
        #expect(error?.errno == .invalid)
        #expect(error?.description == "can't list the interfaces: Invalid target network namespace id (EINVAL)")
    }

    @Test("A dump of a real kernel is read to its end") func dumpRealKernelRead() {
        let outcome = exchange([dump], firstSequence: 11, [KernelAnswers.chains, KernelAnswers.chainsDone])
        #expect(outcome.results.map(\.reply?.messages.count) == [2])
        #expect(outcome.isComplete)
    }

    @Test("Without the flag that says so, there are no words") func withoutFlagSaysThere() {
        var answer = KernelAnswers.exclusiveCapped
        answer[7] &= ~0x02
        #expect(error(answer, 9)?.kernelMessage == nil)
        #expect(error(answer, 9)?.errno == .exists)
    }

    @Test("A code that is no errno is an error all the same", arguments: [Int32.min, .max, 1, -4096])
    func codeNoErrnoError(code: Int32) {
        let outcome = exchange([change], [acknowledgement(1, code: code)])
        #expect(outcome.results.first?.reply == nil)
        #expect(outcome.results.first?.error?.description.hasPrefix("can't set the interface up on vnet0: ") == true)
    }

    @Test("Every kind of failure says what was tried on what") func everyKindFailureSays() {
        let codes: [(NetlinkError.Code, String)] = [
            (.malformed, "the kernel's answer can't be read: its lengths don't fit"),
            (.interrupted, "the answer kept changing while it was read"),
            (.timeout, "the kernel didn't answer in time"),
            (.overflow, "answers were lost because they came faster than they were read (ENOBUFS)"),
            (.errno(.notPermitted), "Operation not permitted (EPERM)"),
        ]
        for (code, reason) in codes {
            let error = NetlinkError(code, operation: "add the filter", object: "vnet0 ingress")
            #expect(error.description == "can't add the filter on vnet0 ingress: \(reason)")
        }
    }
}
