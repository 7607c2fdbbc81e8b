namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// How many guests' agents are asked at one time. One that never answers holds its place until its time is over, and guests may have such
/// agents on purpose: so each account has places of its own, and those of two do not keep a third from a new password. The host has an end
/// too: each has a connection and some memory of the worker's.
/// </summary>
internal sealed class AgentSlots
{
    public const int PerAccount = 2;

    public const int PerHost = 100;

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> taken = new(StringComparer.Ordinal);
    private int all;

    /// <summary>A place, to be given back; null while the account has none left, or the host.</summary>
    public IDisposable? TryTake(string accountId)
    {
        lock (gate)
        {
            var mine = taken.GetValueOrDefault(accountId);
            if (mine >= PerAccount || all >= PerHost)
            {
                return null;
            }

            taken[accountId] = mine + 1;
            all++;
            return new Place(this, accountId);
        }
    }

    private void GiveBack(string accountId)
    {
        lock (gate)
        {
            all--;
            if (--taken[accountId] == 0)
            {
                taken.Remove(accountId);
            }
        }
    }

    private sealed class Place(AgentSlots slots, string accountId) : IDisposable
    {
        private bool isBack;

        public void Dispose()
        {
            if (!isBack)
            {
                isBack = true;
                slots.GiveBack(accountId);
            }
        }
    }
}
