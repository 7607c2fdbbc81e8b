using System.Collections.Concurrent;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Where a call of the engine fails: before it had its effect, or after it, when only the answer is lost.</summary>
public enum FaultPoint
{
    Before,
    After,
}

/// <summary>How the engine fails on demand, and what was asked of it.</summary>
public sealed partial class InMemoryEngine
{
    private readonly ConcurrentDictionary<string, int> calls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Call, FaultPoint Point), EngineException> once = new();

    /// <summary>How often each verb was called, by its name, failed calls included.</summary>
    public IReadOnlyDictionary<string, int> Calls => calls;

    /// <summary>While set, every call fails with <see cref="EngineFault.Unavailable"/> and this sentence.</summary>
    public string? Away { get; set; }

    /// <summary>
    /// Runs before and after the effect of each call, outside the engine's lock; may wait, and may throw to make the call fail.
    /// </summary>
    public Func<string, FaultPoint, CancellationToken, Task>? Hook { get; set; }

    /// <summary>The next call of this verb (<c>nameof(IComputeEngine.EnsureMachineAsync)</c>) fails, those after it do not.</summary>
    public void FailOnce(string call, FaultPoint point, EngineFault fault = EngineFault.Unavailable) =>
        once[(call, point)] = new EngineException(
            fault,
            $"{call} was made to fail {(point is FaultPoint.Before ? "before" : "after")} its effect."
        );

    private async Task FaultAsync(string call, FaultPoint point, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (point is FaultPoint.Before)
        {
            calls.AddOrUpdate(call, 1, (_, count) => count + 1);
        }

        if (Hook is { } hook)
        {
            await hook(call, point, ct);
        }

        if (Away is { } sentence && point is FaultPoint.Before)
        {
            throw new EngineException(EngineFault.Unavailable, sentence);
        }

        if (once.TryRemove((call, point), out var fault))
        {
            throw fault;
        }
    }
}
