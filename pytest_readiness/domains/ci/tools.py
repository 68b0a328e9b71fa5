"""Which commands and actions are of a kind: they test, lint, scan, build an image, deploy, or take a release back."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_readiness.domains.ci.pipeline import PipelineStep
from pytest_readiness.domains.ci.shell import ShellCommand


@dataclass(frozen=True)
class StepKind:
    """A kind of step.

    Attributes:
        name: what it does ("runs tests").
        commands: beginnings of commands, by what they are ("" where that is all the same). Of a further word, "**"
            allows others before it; "+--check" demands an option, "+a|+b" one of several.
        actions: beginnings of actions' names in the same form; "+exit-code=1" demands an input.
        without: options by which none of them does what it is here for.
    """

    name: str
    commands: dict[str, str]
    actions: dict[str, str]
    without: str = ""


@dataclass(frozen=True)
class Hit:
    """A command or action of a kind.

    Attributes:
        text: as people write it.
        sort: what it is, by its kind's table.
        why_not: why it cannot fail its step; "" where it can.
        unsure: that is not certain.
        words: the command's; () for an action.
    """

    text: str
    sort: str = ""
    why_not: str = ""
    unsure: bool = False
    words: tuple[str, ...] = ()


_NOT_RUN = "--version --help -V --dry-run"
TESTS = StepKind(
    "runs tests",
    {
        "": "pytest,py.test,unittest,nose2,behave,robot,manage.py ** test,django-admin test,go test,cargo test,"
        "cargo nextest,"
        "dotnet test,dotnet vstest,mvn ** test,mvn ** verify,mvn ** package,mvn ** install,mvn ** deploy,"
        "gradle ** test,"
        "gradle ** check,gradle ** build,jest,vitest,mocha,ava,tap,jasmine,karma start,cypress run,playwright test,"
        "playwright-test,ng test,react-scripts test,node +--test,deno test,bun test,rspec,minitest,rake test,"
        "rake spec,"
        "rails test,cucumber,phpunit,pest,artisan test,codecept run,mix test,ctest,swift test,flutter test,dart test,"
        "bats,sbt ** test,lein test,stack test,cabal test,bazel test,xcodebuild ** test,c8 ** mocha,nyc ** mocha,"
        "testcafe,newman run,busted,zig build test,trial,wdio,web-test-runner,vue-cli-service test:unit"
    },
    {"": "cypress-io/github-action"},
    f"{_NOT_RUN} --collect-only --co --no-run --list --fixtures -DskipTests -Dmaven.test.skip -Dmaven.test.skip=true "
    "-DskipTests=true --list-tests --listTests --setup-plan -x=test --exclude-task=test -Dmaven.test.failure.ignore "
    "-Dmaven.test.failure.ignore=true -fn --fail-never -run=^$ -run=NONE -run=XXX --setup-only runtests=false "
    "-DtestFailureIgnore=true",
)
LINT = StepKind(
    "runs a linter",
    {
        "": "ruff check,ruff format +--check|+--diff,flake8,pylint,pycodestyle,pydocstyle,mypy,pyright,"
        "black +--check,"
        "isort +--check|+--check-only|+-c,eslint,next lint,ng lint,tslint,standard,xo,biome lint,biome check,"
        "biome ci,"
        "oxlint,prettier +--check|+-c|+--list-different|+-l,stylelint,tsc,vue-tsc,svelte-check,"
        "golangci-lint run,go vet,"
        "staticcheck,revive,cargo clippy,cargo fmt +--check,rubocop,standardrb,erb_lint,phpcs,phpstan,psalm,"
        "pint +--test,"
        "php-cs-fixer +--dry-run,checkstyle,mvn ** checkstyle:check,mvn ** spotless:check,gradle ** ktlintCheck,"
        "gradle ** detekt,gradle ** checkstyleMain,gradle ** spotlessCheck,gradle ** lint,ktlint,detekt,"
        "dotnet format +--verify-no-changes,mix credo,mix format +--check-formatted,swiftlint,dart analyze,"
        "flutter analyze,clang-format +--Werror,shellcheck,hadolint,yamllint,ansible-lint,actionlint,sqlfluff lint,"
        "pre-commit run,prek run,deno lint,basedpyright,ty check,credo"
    },
    {
        "": "golangci/golangci-lint-action,astral-sh/ruff-action,chartboost/ruff-action,psf/black,pre-commit/action,"
        "super-linter/super-linter,github/super-linter,oxsecurity/megalinter,hadolint/hadolint-action,"
        "biomejs/setup-biome-none,reviewdog/none"
    },
    f"{_NOT_RUN} --exit-zero --issues-exit-code=0 --version -v --init --no-fail no-fail=true --fail-under=0",
)
SCANS = StepKind(
    "runs a security scan",
    {
        "dependencies": "npm audit,yarn audit,yarn npm audit,pnpm audit,bun audit,pip-audit,safety check,safety scan,"
        "snyk test,govulncheck,cargo audit,cargo deny check,bundle audit,bundle-audit,bundler-audit,osv-scanner,"
        "dependency-check +--failOnCVSS,composer audit,audit-ci,trivy fs +--exit-code=1,"
        "trivy filesystem +--exit-code=1,"
        "trivy repo +--exit-code=1,grype +--fail-on|+-f,mvn ** dependency-check:check,nancy",
        "image": "trivy image +--exit-code=1,grype +--fail-on|+-f,snyk container test,"
        "docker scout cves +--exit-code|+-e,"
        "dockle +--exit-code=1",
        "code": "bandit,gosec,brakeman,semgrep ci,semgrep scan +--error,semgrep +--error,snyk code test,njsscan,"
        "psalm "
        "+--taint-analysis,horusec start",
        "secrets": "gitleaks,trufflehog +--fail,detect-secrets-hook,detect-secrets audit,ggshield secret scan,"
        "ggshield scan",
        "configuration": "checkov,tfsec,trivy config +--exit-code=1,terrascan scan,kics scan,snyk iac test,zizmor,"
        "kube-score score,kubesec scan",
    },
    {
        "dependencies": "actions/dependency-review-action,pypa/gh-action-pip-audit,google/osv-scanner-action,"
        "snyk/actions,"
        "aquasecurity/trivy-action ** scan-type=fs +exit-code=1,"
        "aquasecurity/trivy-action ** scan-type=repo +exit-code=1,rustsec/audit-check,golang/govulncheck-action",
        "image": "anchore/scan-action,aquasecurity/trivy-action ** scan-type=image +exit-code=1,"
        "docker/scout-action +exit-code=true",
        "code": "github/codeql-action/analyze +!,pycqa/bandit-action,returntocorp/semgrep-action,"
        "semgrep/semgrep-action,securego/gosec,snyk/actions",
        "secrets": "gitleaks/gitleaks-action,trufflesecurity/trufflehog,gitguardian/ggshield",
        "configuration": "bridgecrewio/checkov-action,aquasecurity/tfsec-action,"
        "aquasecurity/trivy-action ** scan-type=config +exit-code=1,"
        "woodruffw/zizmor-action,zizmorcore/zizmor-action +advanced-security=false",
    },
    f"{_NOT_RUN} --exit-zero -no-fail --no-fail --soft-fail -s=none fix --exit-code=0 --no-exit-code "
    "--audit-level=none fail-build=false soft_fail=true warn-only=true --continue-on-error fail-on-vuln=false",
)
IMAGES = StepKind(
    "builds an image",
    {
        "": "docker build,docker buildx build,docker buildx bake,docker image build,podman build,buildah bud,"
        "buildah build,"
        "nerdctl build,executor,kaniko,ko build,ko publish,pack build,docker compose build,docker-compose build,"
        "img build,buildctl build,jib,mvn ** jib:build,gradle ** jib,crane append,skaffold build,nixpacks build"
    },
    {"": "docker/build-push-action,docker/bake-action,redhat-actions/buildah-build,depot/build-push-action,"
     "elgohr/publish-docker-github-action,mr-smithers-excellent/docker-build-push"},
    "--help --check",
)  # fmt: skip
DEPLOYS = StepKind(
    "deploys",
    {
        "": "kubectl apply,kubectl set image,kubectl rollout restart,kubectl replace,kubectl patch,helm upgrade,"
        "helm install,"
        "helmfile apply,helmfile sync,argocd app sync,argocd app set,flux reconcile,kustomize,serverless deploy,"
        "sls deploy,"
        "sam deploy,cdk deploy,terraform apply,tofu apply,terragrunt apply,pulumi up,aws ecs update-service,"
        "aws deploy create-deployment,aws lambda update-function-code,aws s3 sync,aws cloudformation deploy,"
        "aws elasticbeanstalk update-environment,aws apprunner start-deployment,eb deploy,copilot deploy,ecs-deploy,"
        "gcloud run deploy,gcloud app deploy,gcloud functions deploy,gcloud deploy releases,az webapp deploy,"
        "az webapp up,az containerapp update,az containerapp up,az functionapp deployment,"
        "doctl apps create-deployment,"
        "doctl apps update,flyctl deploy,fly deploy,heroku container:release,git push heroku,git push dokku,"
        "vercel +--prod|+deploy,netlify deploy,wrangler deploy,wrangler publish,wrangler pages deploy,"
        "firebase deploy,"
        "railway up,render deploys create,cf push,cap ** deploy,kamal deploy,kamal redeploy,dep deploy,eas update,"
        "fastlane,nomad job run,nomad run,waypoint up,ansible-playbook,ssh,scp,rsync,sshpass,lftp,"
        "docker stack deploy,"
        "docker service update,docker compose up,docker-compose up,oc apply,oc rollout,oc start-build,werf converge,"
        "skaffold deploy,skaffold run,supabase functions deploy,convex deploy,amplify publish,pm2 deploy,dokku"
    },
    {
        "": "appleboy/ssh-action,appleboy/scp-action,digitalocean/app_action,digitalocean/app_action/deploy,"
        "aws-actions/amazon-ecs-deploy-task-definition,aws-actions/aws-cloudformation-github-deploy,"
        "aws-actions/aws-codedeploy,azure/webapps-deploy,azure/k8s-deploy,azure/functions-action,"
        "azure/container-apps-deploy-action,azure/static-web-apps-deploy,google-github-actions/deploy-cloudrun,"
        "google-github-actions/deploy-appengine,google-github-actions/deploy-cloud-functions,"
        "akhileshns/heroku-deploy,"
        "amondnet/vercel-action,nwtgck/actions-netlify,cloudflare/wrangler-action,cloudflare/pages-action,"
        "peaceiris/actions-gh-pages,actions/deploy-pages,jamesives/github-pages-deploy-action,"
        "firebaseextended/action-hosting-deploy,easingthemes/ssh-deploy,burnett01/rsync-deployments,"
        "samkirkland/ftp-deploy-action,einaregilsson/beanstalk-deploy,deployphp/action,superfly/flyctl-actions/deploy"
    },
    "--dry-run --dry-run=client --dry-run=server --help --version -V --check --diff",
)
ROLLBACKS = StepKind(
    "takes a release back",
    {
        "": "kubectl rollout undo,helm rollback,kamal rollback,oc rollout undo,argocd app rollback,heroku rollback,"
        "heroku releases:rollback,fly releases rollback,vercel rollback,vercel promote,cap ** deploy:rollback,"
        "dep rollback,"
        "docker service rollback,eb deploy +--version,nomad job revert,gcloud run services update-traffic,"
        "railway rollback,wrangler rollback,netlify rollback"
    },
    {},
    "--dry-run --help",
)
_AROUND_WORDS = (
    "sudo env exec time timeout nice npx bunx xvfb-run poetry uv uvx pipx pipenv bundle hatch pdm rye yarn "
    "pnpm bun docker docker-compose podman python py coverage cross-env dotenv nix direnv conda mamba "
    "micromamba retry npm php ruby nohup command bin/rails c8 nyc doppler op infisical ddtrace-run heroku "
    "flock node gotestsum bundler dumb-init tini su-exec"
)
_AROUND = frozenset(_AROUND_WORDS.split())
_NO_RUN_WORDS = (
    "echo printf which cat grep ls rm mkdir chmod touch curl sleep "
    "install add pip build push pull tag remove uninstall sync lock upgrade update download i ci config tool "
    "cache login"
)
_NO_RUN = frozenset(_NO_RUN_WORDS.split())
_FLAGS_WORDS = "-m --rm -a -T -it -ti -i -t -- -E --no-sync --frozen -y --yes --no-deps -B -u"
_FLAGS = frozenset(_FLAGS_WORDS.split())
_VALUED_WORDS = "-n --namespace --context -C --profile --region --kubeconfig -p --project -f --filter -w"
_VALUED = frozenset(_VALUED_WORDS.split())
_UNREAD_WORDS = (
    "make tox nox just task rake npm yarn pnpm bun turbo nx lerna gulp grunt composer ant invoke inv poe hatch "
    "pants bazel earthly dagger mage cmake ninja meson moon rush lage wireit tilt devbox mise act docker "
    "docker-compose npm-run-all npm-run-all2 run-s run-p concurrently"
)
_UNREAD = frozenset(_UNREAD_WORDS.split())
_PLAIN = re.compile(r"(?:python|pip)3?(?:\.\d{1,2})?")
_SAME = {"gradlew": "gradle", "mvnw": "mvn", "gradlew.bat": "gradle", "mvnw.cmd": "mvn", "simple-phpunit": "phpunit"}


def hits(kind: StepKind, step: PipelineStep) -> Iterator[Hit]:
    """Yield what is of a kind in a step."""
    if step.uses:
        action = step.uses.partition("@")[0].lower()
        given = [f"{key}={value}".lower() for key, value in step.inputs.items()]
        if action == "aquasecurity/trivy-action" and "scan-type" not in step.inputs:
            given.append("scan-type=image")
        options = [*given, *(word for value in step.inputs.values() for word in value.lower().split())]
        yield from _pick(step.uses, [*_matching(kind.actions, [action, *given], options, kind.without)], None)
    for command in step.commands:
        found = [
            hit
            for words in _bare(command.words)
            if not _fetches(words)
            for hit in _matching(kind.commands, words, words, kind.without)
        ]
        yield from _pick(command.text, found, command)


def _fetches(words: list[str]) -> bool:
    """Whether a command that copies brings something here, and not elsewhere."""
    copies = words[:3] in (["aws", "s3", "sync"], ["aws", "s3", "cp"]) or words[0] in ("scp", "rsync")
    plain = [word for word in words[1:] if not word.startswith("-")]
    return copies and bool(plain) and not re.search(r"[:$]", plain[-1]) and any(":" in word for word in plain)


def named(command: str, step: PipelineStep) -> Iterator[Hit]:
    """Yield what a step does under just that name: a command by its first words, or an action."""
    wanted = tuple(command.split())
    if step.uses.partition("@")[0].lower() == command.partition("@")[0].lower():
        yield Hit(step.uses)
    for each in step.commands:
        if any(tuple(words[: len(wanted)]) == wanted for words in _bare(each.words)):
            yield Hit(each.text, "", each.why_not, each.unsure, each.words)


def opaque(step: PipelineStep) -> Iterator[str]:
    """Yield commands that count and may do anything, as they are not resolved."""
    outer = {command.via for command in step.commands}
    for command in step.commands:
        every = list(_bare(command.words))
        # `npx turbo run test` is no less unknown than `turbo run test`.
        inner = [each for each in every[1:] if posixpath.basename(each[0]) in _UNREAD]
        words = (inner or every or [[]])[0]
        bare = posixpath.basename(words[0]) if words else ""
        plain = [word for word in words[1:] if not word.startswith("-")]
        if (
            bare in ("npm", "yarn", "pnpm", "bun")
            and plain[:1]
            and plain[0] in _NO_RUN | {"audit", "publish", "version"}
        ):
            continue
        if bare in ("docker", "docker-compose") and not {"run", "exec"} & {*plain[:2]}:
            continue
        script = words and (words[0].endswith((".sh", ".py", ".js", ".mjs", ".ts", ".rb")) or words[0].startswith("./"))
        if (
            words
            and (script or bare in _UNREAD)
            and (not command.why_not or command.unsure)
            and command.text not in outer
        ):
            yield command.text


def _pick(text: str, found: Sequence[tuple[str, str]], command: ShellCommand | None) -> Iterator[Hit]:
    """The most favourable of what one command may be, once for each sort."""
    for sort in dict.fromkeys(sort for sort, _ in found):
        defects = [defect for each, defect in found if each == sort]
        defect = "" if "" in defects else defects[0]
        if command and command.why_not and not (defect and command.unsure):
            yield Hit(text, sort, command.why_not, command.unsure, command.words)
        else:
            yield Hit(text, sort, defect, words=command.words if command else ())


def _bare(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield a command without what may stand around it: `env A=1 npx x`, `python -m x`,"
    " `docker compose run app x`."""
    left = [word for at, word in enumerate(words) if at or word]
    while left and re.match(r"\w{1,100}=", left[0]):
        left = left[1:]
    if not left:
        return
    yield left
    name = posixpath.basename(left[0])
    if name not in _AROUND and not _PLAIN.fullmatch(name):
        return
    if name in ("npm", "yarn", "pnpm", "bun") and left[1:2] and (left[1] == "run" or name == "npm"):
        # A name in package.json, which says nothing of what it runs.
        left = left[1:] if left[1] in ("exec", "x") else []
    for at in range(1, len(left)):
        before, word = left[at - 1], left[at]
        if word in _NO_RUN:
            return
        if not word.startswith("-") and "=" not in word and (not before.startswith("-") or before in _FLAGS):
            yield left[at:]


def _matching(table: dict[str, str], words: list[str], options: list[str], without: str) -> Iterator[tuple[str, str]]:
    """Yield the sorts of what is matched, each with what it lacks to fail on what it finds."""
    # `--exit-code 1` is as good as `--exit-code=1`.
    given = {*options, *(f"{first}={second}" for first, second in pairwise(options))}
    refused = [option for option in without.split() if option in given]
    given |= {option.partition("=")[0] for option in options}
    for sort, patterns in table.items():
        for pattern in patterns.split(","):
            name, *rest = pattern.split()
            needed = [each.removeprefix("+") for each in (rest.pop().split("|") if rest and rest[-1][0] == "+" else [])]
            if not _begins(words, name, rest):
                continue
            if refused:
                yield sort, f"'{refused[0]}' is set"
            elif needed == ["!"]:
                yield sort, "its findings are uploaded, and fail no step"
            elif needed and not given & {*needed}:
                yield sort, f"it does not fail without {' or '.join(needed)}"
            else:
                yield sort, ""


def _begins(words: list[str], name: str, rest: list[str]) -> bool:
    first = words[0] if "/" in name else posixpath.basename(words[0])
    if _SAME.get(first, first) != name and not (name == "python" and _PLAIN.fullmatch(first)):
        return bool("/" in name and first.startswith(f"{name}/"))
    at, skipping = 1, False
    for wanted in rest:
        if wanted == "**":
            skipping = True
            continue
        while at < len(words) and words[at] != wanted:
            if not skipping and not words[at].startswith("-") and words[at - 1] not in _VALUED:
                return False
            at += 1
        if at >= len(words):
            return False
        at, skipping = at + 1, False
    return True
