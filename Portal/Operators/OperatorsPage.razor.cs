using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class OperatorsPage(OperatorTeam operators, IDialogService dialogs)
{
    private IReadOnlyList<TeamMember>? team;
    private string? refusal;
    private int round;

    protected override bool Concerns(Change seen) => seen.Table is "Users" or "Sessions";

    protected override async Task LoadAsync()
    {
        await Current.GetOperatorAsync(OperatorRole.Admin);
        team = await operators.ListAsync(Left);
    }

    private async Task SetRoleAsync(TeamMember member, string name)
    {
        OperatorRole? role = Enum.TryParse<OperatorRole>(name, out var known) ? known : null;
        refusal = await ProofDialog.RunAsync(
            dialogs,
            async () => await operators.SetRoleAsync(await Current.GetOperatorAsync(), member.Id, role, Left)
        );
        round++;
        await LoadAsync();
    }

    private async Task EndSessionsAsync(TeamMember member)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"End the sessions of {member.Email}?",
                    "All browsers in which this operator is signed in are signed out at once.",
                    "End sessions",
                    null
                )
            )
        )
        {
            refusal = await ProofDialog.RunAsync(
                dialogs,
                async () => await operators.EndSessionsAsync(await Current.GetOperatorAsync(), member.Id, Left)
            );
            await LoadAsync();
        }
    }
}
