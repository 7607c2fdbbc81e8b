namespace Portal.Sandbox.Billing;

public enum FaultTime
{
    /// <summary>Nothing happens, and the caller is told of an error.</summary>
    Before,

    /// <summary>It happens, and the caller is told of an error.</summary>
    After,
}

/// <summary>Calls that are to go wrong.</summary>
/// <param name="Path">How the address begins, e.g. <c>/v1/payment_intents</c>.</param>
/// <param name="Count">How many of the next such calls.</param>
/// <param name="Aborts">The connection breaks off, instead of status 500.</param>
public sealed record Fault(string Method, string Path, int Count = 1, FaultTime When = FaultTime.Before, bool Aborts = false);

/// <summary>What a test or a developer wants to go wrong next.</summary>
public sealed class Faults
{
    private readonly Lock gate = new();
    private readonly List<Fault> coming = [];

    public void Add(Fault fault)
    {
        lock (gate)
        {
            coming.Add(fault);
        }
    }

    public void Clear()
    {
        lock (gate)
        {
            coming.Clear();
        }
    }

    public Fault? Take(string method, string path)
    {
        lock (gate)
        {
            var at = coming.FindIndex(fault =>
                string.Equals(fault.Method, method, StringComparison.OrdinalIgnoreCase)
                && path.StartsWith(fault.Path, StringComparison.Ordinal)
            );
            if (at < 0)
            {
                return null;
            }

            var taken = coming[at];
            if (taken.Count <= 1)
            {
                coming.RemoveAt(at);
            }
            else
            {
                coming[at] = taken with { Count = taken.Count - 1 };
            }

            return taken;
        }
    }
}
